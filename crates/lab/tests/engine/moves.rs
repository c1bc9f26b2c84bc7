//! Moves over two schools: the stages are the engine's, and a cut between any two of them loses and doubles nobody.

use selaras_model::{Date, EntityCode, Npsn, Record, RecordId};
use selaras_sync::{
    Acting, AnsweredMove, CarriedMove, CentreError, Flow, MoveOffer, MoveStage, Mover, Promise, TypedEdit,
};

use crate::stage::CentreStage;

const PERSON: RecordId = RecordId::from_bytes([0xa1; 16]);
const HERE: RecordId = RecordId::from_bytes([0xa2; 16]);
const OFFER: RecordId = RecordId::from_bytes([0xa3; 16]);

fn on() -> Date {
    "2026-11-02".parse().unwrap()
}

fn carry(stage: &CentreStage, mut acting: Acting) -> Acting {
    while let Some(step) = stage.centre().act_step(&mut acting).unwrap() {
        stage.drive(Some(step));
    }
    acting
}

fn typed(stage: &CentreStage, entity: &str, id: RecordId, fields: &[(&str, &str)]) -> TypedEdit {
    stage.centre().typed(entity, id, fields.iter().copied()).unwrap()
}

fn act(stage: &CentreStage, edits: Vec<TypedEdit>) {
    carry(stage, stage.centre().acting("test.act", edits).unwrap());
}

/// The records of an entity, deleted ones left out.
fn all(stage: &CentreStage, entity: &str) -> Vec<Record> {
    let mut found = Vec::new();
    let code: EntityCode = stage.centre().code_of(entity).unwrap();
    stage
        .centre()
        .list(code, None, &mut |record| {
            found.push(record.clone());
            Flow::Continue
        })
        .unwrap();
    found
}

/// Two schools, of which the old one has a person.
struct Schools {
    old: CentreStage,
    new: CentreStage,
}

impl Schools {
    fn new() -> Self {
        let stage = |npsn: &str| CentreStage::new(npsn.parse().unwrap(), RecordId::from_bytes([1; 16]));
        Self { old: stage("99999998"), new: stage("99999999") }
    }

    /// With a student at the old one.
    fn with_student() -> Self {
        let schools = Self::new();
        let old = &schools.old;
        let person = PERSON.to_string();
        act(
            old,
            vec![
                typed(old, "peserta_didik", PERSON, &[("nama", "Contoh Siswa"), ("nisn", "0000000001")]),
                typed(old, "registrasi_peserta_didik", HERE, &[("peserta_didik_id", person.as_str())]),
            ],
        );
        schools
    }

    /// With a PTK at the old one, of a kind and with one line of education.
    fn with_ptk(kind: &str) -> Self {
        let schools = Self::new();
        let old = &schools.old;
        let person = PERSON.to_string();
        let here = [("ptk_id", person.as_str()), ("tahun_ajaran_id", "2026"), ("jenis_ptk_id", kind)];
        act(
            old,
            vec![
                typed(old, "ptk", PERSON, &[("nama", "Contoh Guru")]),
                typed(old, "ptk_terdaftar", HERE, &here),
                typed(
                    old,
                    "rwy_pend_formal",
                    RecordId::from_bytes([0xa4; 16]),
                    &[("ptk_id", person.as_str()), ("gelar", "S.Pd.")],
                ),
            ],
        );
        schools
    }

    fn at(&self, npsn: Npsn) -> &CentreStage {
        if npsn == self.old.npsn { &self.old } else { &self.new }
    }

    /// Promises the person to a school in the old one's log.
    fn promise(&self, who: Mover, to: Npsn) -> Result<Promise, CentreError> {
        let mut promise = self.old.centre().promise_move(who, PERSON, to, on())?;
        if let Promise::Made { acting, .. } = &mut promise
            && let Some(acting) = acting.take()
        {
            carry(&self.old, *acting);
        }
        Ok(promise)
    }

    fn try_offer(&self, who: Mover, id: RecordId) -> Result<Option<Acting>, CentreError> {
        let Promise::Made { leaving, on, .. } = self.promise(who, self.new.npsn)? else {
            panic!("promised to another school")
        };
        let school = "SMP Lama".to_owned();
        let offer = MoveOffer { who, person: PERSON, on, from: self.old.npsn, school };
        self.new.centre().offer_move("dinas-contoh", &offer, &leaving, id)
    }

    /// Offers the person, and takes the new school's answer.
    fn answered(&self, who: Mover, keputusan: &str) -> AnsweredMove {
        let acting = self.try_offer(who, OFFER).unwrap().unwrap();
        assert_eq!(carry(&self.new, acting).created(), [OFFER]);
        let entity = if who == Mover::Ptk { "mutasi_ptk" } else { "mutasi_peserta_didik" };
        act(&self.new, vec![typed(&self.new, entity, OFFER, &[("keputusan", keputusan)])]);
        self.waiting().pop().unwrap()
    }

    fn waiting(&self) -> Vec<AnsweredMove> {
        self.new.centre().answered_moves().unwrap()
    }

    /// Does one stage.
    fn step(&self, carried: &mut CarriedMove) {
        let stage = self.at(carried.school().unwrap());
        if let Some(acting) = stage.centre().move_stage("centre", carried).unwrap() {
            carry(stage, acting);
        }
    }

    fn finish(&self, answered: AnsweredMove) {
        let mut carried = answered.carry_out(self.new.npsn);
        while carried.school().is_some() {
            self.step(&mut carried);
        }
    }

    /// How many open memberships the person has at both.
    fn memberships(&self, who: Mover) -> (usize, usize) {
        let (entity, left) = match who {
            Mover::Ptk => ("ptk_terdaftar", "tgl_ptk_keluar"),
            Mover::PesertaDidik => ("registrasi_peserta_didik", "tanggal_keluar"),
        };
        let open = |stage| all(stage, entity).iter().filter(|row| row.date(left).is_none()).count();
        (open(&self.old), open(&self.new))
    }
}

const STUDENT: Mover = Mover::PesertaDidik;

#[test]
fn a_person_comes_in_before_she_goes_out_and_the_offer_goes_last() {
    let schools = Schools::with_student();
    let answered = schools.answered(STUDENT, "1");
    let mut carried = answered.carry_out(schools.new.npsn);
    let mut seen = Vec::new();
    loop {
        let offers = all(&schools.new, "mutasi_peserta_didik").len();
        seen.push((carried.stage(), schools.memberships(STUDENT), offers));
        if carried.school().is_none() {
            break;
        }
        schools.step(&mut carried);
    }
    assert_eq!(
        seen,
        [
            (MoveStage::LookUp, (1, 0), 1),
            (MoveStage::Arrive, (1, 0), 1),
            (MoveStage::Leave, (1, 1), 1),
            (MoveStage::Close, (0, 1), 1),
            (MoveStage::Done, (0, 1), 0),
        ]
    );
    let came = all(&schools.new, "registrasi_peserta_didik").pop().unwrap();
    assert_eq!(came.code("jenis_pendaftaran_id"), Some("2"));
    assert_eq!((came.date("tanggal_masuk_sekolah"), came.text("sekolah_asal")), (Some(on()), Some("SMP Lama")));
    let went = all(&schools.old, "registrasi_peserta_didik").pop().unwrap();
    assert_eq!((went.code("jenis_keluar_id"), went.date("tanggal_keluar")), (Some("2"), Some(on())));
    assert_eq!(all(&schools.new, "peserta_didik").pop().unwrap().text("nama"), Some("Contoh Siswa"));
}

#[test]
fn a_move_that_was_cut_after_any_stage_is_begun_anew_and_done_once() {
    for cut in 0..=4 {
        let schools = Schools::with_student();
        let mut carried = schools.answered(STUDENT, "1").carry_out(schools.new.npsn);
        for _ in 0..cut {
            schools.step(&mut carried);
        }
        drop(carried);
        for answered in schools.waiting() {
            schools.finish(answered);
        }
        assert_eq!(schools.memberships(STUDENT), (0, 1), "cut after {cut}");
        assert_eq!(all(&schools.new, "registrasi_peserta_didik").len(), 1, "cut after {cut}");
        assert!(all(&schools.new, "mutasi_peserta_didik").is_empty() && schools.waiting().is_empty());
    }
}

#[test]
fn a_declined_move_takes_the_offer_away_and_nothing_else() {
    let schools = Schools::with_student();
    let before = schools.old.centre().digests().unwrap();
    let answered = schools.answered(STUDENT, "2");
    assert!(!answered.accepted);
    let mut carried = answered.carry_out(schools.new.npsn);
    assert_eq!(carried.stage(), MoveStage::End);
    schools.step(&mut carried);
    assert_eq!(carried.stage(), MoveStage::Close);
    schools.step(&mut carried);
    assert_eq!(carried.stage(), MoveStage::Done);
    assert_eq!(schools.old.centre().digests().unwrap(), before);
    assert!(all(&schools.new, "peserta_didik").is_empty() && schools.waiting().is_empty());
    assert_eq!(schools.old.centre().promised(STUDENT, PERSON).unwrap(), None, "she may be offered again");
}

#[test]
fn an_offer_is_made_once_and_only_of_who_is_at_the_old_school_and_not_at_the_new() {
    let schools = Schools::with_student();
    let code = |result: Result<Option<Acting>, CentreError>| {
        result.map(|acting| acting.is_some()).map_err(|error| error.code())
    };
    let acting = schools.try_offer(STUDENT, OFFER).unwrap().unwrap();
    carry(&schools.new, acting);
    let offer = all(&schools.new, "mutasi_peserta_didik").pop().unwrap();
    assert_eq!((offer.text("nama"), offer.text("nisn")), (Some("Contoh Siswa"), Some("0000000001")));
    assert_eq!(code(schools.try_offer(STUDENT, HERE)), Ok(false), "it was made before");
    act(&schools.new, vec![typed(&schools.new, "mutasi_peserta_didik", OFFER, &[("keputusan", "1")])]);
    schools.finish(schools.waiting().pop().unwrap());
    assert_eq!(code(schools.try_offer(STUDENT, OFFER)), Err("move.not-here"), "she has left");
    let person = PERSON.to_string();
    act(
        &schools.old,
        vec![typed(&schools.old, "registrasi_peserta_didik", OFFER, &[("peserta_didik_id", person.as_str())])],
    );
    assert_eq!(code(schools.try_offer(STUDENT, OFFER)), Err("move.elsewhere"), "she has come");
    assert_eq!(code(schools.try_offer(Mover::Ptk, OFFER)), Err("record.unknown"));
}

#[test]
fn a_stage_belongs_to_one_of_the_two_schools() {
    let schools = Schools::with_student();
    let mut carried = schools.answered(STUDENT, "1").carry_out(schools.new.npsn);
    while let Some(npsn) = carried.school() {
        let other = if npsn == schools.old.npsn { &schools.new } else { &schools.old };
        let stage = carried.stage();
        let refused = other.centre().move_stage("centre", &mut carried).err().unwrap();
        assert_eq!((refused.code(), carried.stage()), ("move.not-here", stage));
        schools.step(&mut carried);
    }
}

#[test]
fn a_ptk_comes_with_what_belongs_to_the_person_and_never_as_head() {
    for (kind, kept) in [("3", Some("3")), ("20", None)] {
        let schools = Schools::with_ptk(kind);
        schools.finish(schools.answered(Mover::Ptk, "1"));
        assert_eq!(schools.memberships(Mover::Ptk), (0, 1));
        let came = all(&schools.new, "ptk_terdaftar").pop().unwrap();
        assert_eq!(came.code("jenis_ptk_id"), kept);
        assert_eq!((came.code("tahun_ajaran_id"), came.bool("ptk_induk")), (Some("2026"), Some(true)));
        assert_eq!(all(&schools.new, "rwy_pend_formal").pop().unwrap().text("gelar"), Some("S.Pd."));
    }
}

/// The old school's log promises a person to one school at a time; the first offer stands until it is answered or taken back.
#[test]
fn a_person_is_promised_to_one_school_at_a_time() {
    let schools = Schools::with_student();
    let other: Npsn = "99999997".parse().unwrap();
    let to = |promise| match promise {
        Promise::Made { .. } => None,
        Promise::Elsewhere { to, .. } => Some(to),
    };
    let acting = schools.try_offer(STUDENT, OFFER).unwrap().unwrap();
    carry(&schools.new, acting);
    assert_eq!(to(schools.promise(STUDENT, other).unwrap()), Some(schools.new.npsn));
    assert!(schools.new.centre().offer_stands(STUDENT, PERSON, schools.old.npsn, on()).unwrap());
    assert!(
        schools.new.centre().take_back_offer("dinas", (STUDENT, PERSON), schools.old.npsn, on()).unwrap().is_some()
    );
    let ended = schools.old.centre().end_offer(STUDENT, PERSON, schools.new.npsn, on()).unwrap().unwrap();
    carry(&schools.old, ended);
    assert_eq!(to(schools.promise(STUDENT, other).unwrap()), None);
    // The first school has accepted offline meanwhile: the log says that she is another's.
    act(&schools.new, vec![typed(&schools.new, "mutasi_peserta_didik", OFFER, &[("keputusan", "1")])]);
    schools.finish(schools.waiting().pop().unwrap());
    assert_eq!(schools.memberships(STUDENT), (1, 0));
    assert!(all(&schools.new, "mutasi_peserta_didik").is_empty() && schools.waiting().is_empty());
}

#[test]
fn an_offer_that_was_accepted_is_taken_back_no_more() {
    let schools = Schools::with_student();
    let mut carried = schools.answered(STUDENT, "1").carry_out(schools.new.npsn);
    let code = |error: CentreError| error.code();
    let back = schools.new.centre().take_back_offer("dinas", (STUDENT, PERSON), schools.old.npsn, on());
    assert_eq!(back.err().map(code), Some("move.under-way"));
    schools.step(&mut carried);
    // Whether it stands is the new school's to say, before and behind the arrival.
    assert_eq!(schools.old.centre().promised(STUDENT, PERSON).unwrap(), Some((schools.new.npsn, on())));
    schools.step(&mut carried);
    assert_eq!(carried.stage(), MoveStage::Leave);
    let back = schools.new.centre().take_back_offer("dinas", (STUDENT, PERSON), schools.old.npsn, on());
    assert_eq!(back.err().map(code), Some("move.under-way"));
    let other = schools.promise(STUDENT, "99999997".parse().unwrap());
    assert_eq!(other.err().map(code), Some("move.under-way"));
}

impl Schools {
    /// Another computer of the new school decides otherwise; all that is due is carried out.
    fn decides(&self, keputusan: &str) {
        act(&self.new, vec![typed(&self.new, "mutasi_peserta_didik", OFFER, &[("keputusan", keputusan)])]);
        self.carries_all();
    }

    fn carries_all(&self) {
        for stage in [&self.new, &self.old] {
            for mut carried in stage.centre().due_moves().unwrap() {
                while carried.school().is_some() {
                    self.step(&mut carried);
                }
            }
        }
    }

    fn may_be_offered(&self) -> bool {
        matches!(self.promise(STUDENT, "99999997".parse().unwrap()), Ok(Promise::Made { .. }))
    }
}

/// The old school's log says that she is taken, and the arrival never was: she stays, and may be offered to others.
#[test]
fn a_decline_ends_what_was_begun_while_the_school_accepted() {
    let schools = Schools::with_student();
    let mut carried = schools.answered(STUDENT, "1").carry_out(schools.new.npsn);
    schools.step(&mut carried);
    assert_eq!(carried.stage(), MoveStage::Arrive);
    schools.decides("2");
    assert_eq!(schools.memberships(STUDENT), (1, 0));
    assert!(all(&schools.new, "mutasi_peserta_didik").is_empty());
    assert!(schools.may_be_offered());
    // Whoever carried out the first answer goes on late.
    while carried.school().is_some() {
        schools.step(&mut carried);
    }
    assert_eq!(schools.memberships(STUDENT), (1, 0), "she was declined");
}

#[test]
fn a_decline_behind_the_arrival_comes_too_late() {
    let schools = Schools::with_student();
    let mut carried = schools.answered(STUDENT, "1").carry_out(schools.new.npsn);
    schools.step(&mut carried);
    schools.step(&mut carried);
    assert_eq!(carried.stage(), MoveStage::Leave);
    schools.decides("2");
    assert_eq!(schools.memberships(STUDENT), (0, 1));
    assert!(all(&schools.new, "mutasi_peserta_didik").is_empty());
}

/// An answer that was taken back is none: the offer stands, and the Dinas may take it back.
#[test]
fn an_offer_whose_answer_is_gone_is_answered_again_or_taken_back() {
    let schools = Schools::with_student();
    let mut carried = schools.answered(STUDENT, "1").carry_out(schools.new.npsn);
    schools.step(&mut carried);
    schools.decides("");
    while carried.school().is_some() {
        schools.step(&mut carried);
    }
    assert_eq!(schools.memberships(STUDENT), (1, 0));
    assert_eq!(all(&schools.new, "mutasi_peserta_didik").len(), 1);
    let (to, day) = schools.old.centre().promised(STUDENT, PERSON).unwrap().unwrap();
    assert_eq!((to, day), (schools.new.npsn, on()));
    let back = schools.new.centre().take_back_offer("dinas", (STUDENT, PERSON), schools.old.npsn, day);
    carry(&schools.new, back.unwrap().unwrap());
    carry(&schools.old, schools.old.centre().end_offer(STUDENT, PERSON, to, day).unwrap().unwrap());
    assert!(schools.may_be_offered());
}

/// Several wait: those behind the last one tried come first, whatever became of it.
#[test]
fn each_move_that_is_due_has_its_turn() {
    let schools = Schools::with_student();
    let person = |number: u8| RecordId::from_bytes([number; 16]);
    for number in 1..=5 {
        let (who, from) = (person(number).to_string(), schools.old.npsn.to_string());
        let offer = [
            ("id_peserta_didik", who.as_str()),
            ("npsn_asal", from.as_str()),
            ("sekolah_asal", "SMP Lama"),
            ("tanggal_mutasi", "2026-11-02"),
            ("keputusan", "1"),
        ];
        act(&schools.new, vec![typed(&schools.new, "mutasi_peserta_didik", person(number + 100), &offer)]);
    }
    let mut first = Vec::new();
    for _ in 0..4 {
        let due = schools.new.centre().due_moves().unwrap();
        assert_eq!(due.len(), 5, "none of them is at the old school");
        first.push(due[0].of().1);
        schools.new.drive(Some(schools.new.centre().moves_tried(&due[1]).unwrap()));
    }
    assert_eq!(first, [1, 3, 5, 2].map(person));
}
