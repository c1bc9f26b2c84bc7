//! What operators read: records, pages of them, digests, the school's line in the list.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use selaras_model::{EntityCode, LogVersion, Record, RecordId, record_to_json, root_digest};
use selaras_policy::SchoolView;
use selaras_sync::Flow;
use selaras_transport::Problem;

use super::rows::{self, SEEN, SeenRow};
use super::{Desk, refused, stored};
use crate::access::Area;
use crate::catalogue::problem;
use crate::messages::{Digests, EvidenceShown, RecordPage, SchoolLine};

/// A page ends after so many records or bytes.
const PAGE_RECORDS: usize = 1_000;
const PAGE_BYTES: usize = 1 << 20;

impl Desk {
    /// One record, deleted ones included.
    pub(crate) fn show(&self, entity: &str, id: RecordId) -> Result<serde_json::Value, Problem> {
        let key = self.key_of(entity, id)?;
        let record = self.centre().record(key).map_err(|error| refused(&error))?;
        let record = record.ok_or_else(|| problem("record.unknown").with("entity", entity).with("id", id))?;
        Ok(record_to_json(self.pack(), &record))
    }

    /// Who approved what became an entry of the log, as the file that anybody can verify, in hexadecimal.
    pub(crate) fn evidence(&self, version: u64) -> Result<EvidenceShown, Problem> {
        let evidence = self.centre().evidence(LogVersion::new(version)).map_err(|error| refused(&error))?;
        Ok(EvidenceShown { version, file: HEXLOWER.encode(&evidence.to_bytes()) })
    }

    /// A page of records in the order of entity and id; of one entity where it is named.
    pub(crate) fn page(&self, entity: Option<&str>, from: Option<&str>) -> Result<RecordPage, Problem> {
        let pack = self.pack();
        let only = entity.map(|name| self.code_of(name)).transpose()?;
        let start = from.map(|text| self.place(text)).transpose()?;
        let mut page = RecordPage { version: self.version()?, records: Vec::new(), next: None };
        let mut bytes = 0;
        for entity in pack.entities().iter().filter(|entity| only.is_none_or(|only| only == entity.code)) {
            let begin = match start {
                Some((code, _)) if entity.code < code => continue,
                Some((code, id)) if entity.code == code => Some(id),
                _ => None,
            };
            let centre = self.centre();
            let visit = &mut |record: &Record| {
                if page.records.len() >= PAGE_RECORDS || bytes >= PAGE_BYTES {
                    page.next = Some(format!("{}/{}", entity.name, record.id));
                    return Flow::Stop;
                }
                let line = record_to_json(pack, record);
                bytes += line.to_string().len();
                page.records.push(line);
                Flow::Continue
            };
            centre.list(entity.code, begin, visit).map_err(|error| refused(&error))?;
            if page.next.is_some() {
                break;
            }
        }
        Ok(page)
    }

    /// The school's digests, and the entry of the log at which they hold.
    pub(crate) fn digests(&self) -> Result<Digests, Problem> {
        let modules = self.centre().digests().map_err(|error| refused(&error))?;
        let all: Vec<_> = modules.iter().map(|(_, digest)| *digest).collect();
        let head = self.centre().head().map_err(|error| refused(&error))?;
        Ok(Digests {
            version: head.version.get(),
            entry: head.entry,
            root: root_digest(&all).to_string(),
            modules: modules.into_iter().map(|(name, digest)| (name, digest.to_string())).collect::<BTreeMap<_, _>>(),
        })
    }

    /// The school's line in the operators' list.
    pub(crate) fn line(&self) -> Result<SchoolLine, Problem> {
        let mut devices = self.centre().devices().map_err(|error| stored(&error))?;
        devices.retain(|(_, row)| row.is_live());
        let seen: Option<SeenRow> = rows::read(&self.store, SEEN).map_err(|error| stored(&error))?;
        let digests = self.digests()?;
        let mut app_versions: Vec<String> = devices.iter().map(|(_, row)| row.app_version.clone()).collect();
        app_versions.sort();
        app_versions.dedup();
        Ok(SchoolLine {
            npsn: self.npsn,
            name: self.known.name.clone(),
            version: selaras_model::LogVersion::new(digests.version),
            root_digest: digests.root,
            devices: u32::try_from(devices.len()).unwrap_or(u32::MAX),
            last_exchange: seen.as_ref().map(|row| row.at),
            last_agent: seen.map(|row| row.agent),
            app_versions,
        })
    }

    /// Whether the school lies in an area, by the place in its own record; where that is not here, by what the log promises:
    /// after a restore the record may come later.
    pub(crate) fn is_in(&self, area: &Area) -> Result<bool, Problem> {
        let code = self.code_of("sekolah")?;
        let mut place = None;
        let read = self.centre().view().each(code, &mut |school| {
            place = school.code("kode_wilayah").map(str::to_owned);
            Ok(())
        });
        read.map_err(|error| {
            tracing::error!(%error, "the school's record could not be read");
            problem("center.store")
        })?;
        if place.is_none() {
            let promised = self.centre().school().map_err(|error| stored(&error))?;
            place = promised.map(|school| school.area).filter(|area| !area.is_empty());
        }
        Ok(area.holds(self.npsn, place.as_deref()))
    }

    /// The version of the log.
    pub(crate) fn version(&self) -> Result<u64, Problem> {
        Ok(self.centre().head().map_err(|error| refused(&error))?.version.get())
    }

    fn code_of(&self, entity: &str) -> Result<EntityCode, Problem> {
        self.centre().code_of(entity).map_err(|error| refused(&error))
    }

    fn place(&self, text: &str) -> Result<(EntityCode, RecordId), Problem> {
        let (entity, id) = text.split_once('/').unwrap_or((text, ""));
        let id = id.parse().map_err(|_| problem("record.unknown").with("entity", entity).with("id", "?"))?;
        Ok((self.code_of(entity)?, id))
    }
}
