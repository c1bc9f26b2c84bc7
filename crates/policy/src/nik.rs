//! The citizen number: `PP KK CC DDMMYY SSSS`, the day plus 40 for women, never changed once given (domain facts of the
//! civil registry).

use selaras_model::Date;

/// The provinces' codes.
const PROVINCES: &[std::ops::RangeInclusive<u8>] =
    &[11..=19, 21..=21, 31..=36, 51..=53, 61..=65, 71..=76, 81..=82, 91..=97];

/// A number of 16 digits, taken apart.
pub(crate) struct Nik {
    province: u8,
    day: u8,
    month: u8,
    year: u8,
    serial: u16,
}

impl Nik {
    /// Reads 16 digits; anything else is no NIK.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let part = |from: usize| text.get(from..from + 2)?.parse::<u8>().ok();
        Some(Self {
            province: part(0)?,
            day: part(6)?,
            month: part(8)?,
            year: part(10)?,
            serial: text.get(12..)?.parse().ok()?,
        })
    }

    pub(crate) fn is_female(&self) -> bool {
        self.day > 40
    }

    fn birthday(&self) -> u8 {
        if self.is_female() { self.day - 40 } else { self.day }
    }

    /// Says whether the province is known, the serial is not 0000 and the date is a day of some century.
    pub(crate) fn is_possible(&self) -> bool {
        let known = PROVINCES.iter().any(|range| range.contains(&self.province));
        let day = [1900_i16, 2000].iter().any(|century| self.date(*century).is_some());
        known && self.serial != 0 && day
    }

    fn date(&self, century: i16) -> Option<Date> {
        let (month, day) = (i8::try_from(self.month).ok()?, i8::try_from(self.birthday()).ok()?);
        Date::new(century + i16::from(self.year), month, day).ok()
    }

    /// Says whether the number's date is that of birth; the century is not in the number.
    pub(crate) fn is_of_birth(&self, birth: Date) -> bool {
        birth.year().rem_euclid(100) == i16::from(self.year)
            && birth.month().unsigned_abs() == self.month
            && birth.day().unsigned_abs() == self.birthday()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_womans_day_is_forty_more() {
        let nik = Nik::read("3199994210100001").unwrap();
        assert!(nik.is_possible() && nik.is_female());
        assert!(nik.is_of_birth("2010-10-02".parse().unwrap()));
        assert!(!nik.is_of_birth("2010-10-03".parse().unwrap()));
    }

    #[test]
    fn impossible_numbers_are_told() {
        for text in ["3199993002100001", "3199990113100001", "3199990101100000", "2099990101100001"] {
            assert!(!Nik::read(text).unwrap().is_possible(), "{text}");
        }
        assert!(Nik::read("3199992902000001").unwrap().is_possible(), "2000 is a leap year");
        assert!(Nik::read("319999010110000").is_none());
    }
}
