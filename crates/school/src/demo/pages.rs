//! The end of a demonstration that is kept: a day's work waits for the head, and the school's pages are open for it.

use selaras_model::RecordId;

use super::story::{HEAD, OPERATOR, Story};
use crate::failure::Failure;
use crate::serve::Serving;

/// A day's work in three modules: the entity, the place of the record in its list, and what is typed.
const WORK: [(&str, usize, &str); 4] = [
    ("sekolah", 0, "telepon=0217654321"),
    ("peserta_didik", 3, "alamat_jalan=Jalan Kemuning 12"),
    ("peserta_didik", 4, "nama_dusun=Dusun Teratai"),
    ("ruang", 0, "kapasitas=32"),
];

impl Story<'_> {
    /// Accounts on the recovered computer, the head's key, and a day's edits.
    pub(super) fn a_days_work(&mut self, head: RecordId) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.days-work"));
        self.accounts(head)?;
        let kode = self.kode().to_owned();
        self.computer.run(&["head", "activate", HEAD.0], &[&kode, HEAD.1])?;
        for (entity, place, assignment) in WORK {
            let (id, _) = self.nth(entity, place)?;
            self.edit(entity, id, assignment)?;
        }
        Ok(())
    }

    /// Serves the school's pages, says how to come in, and stays until it is asked to end.
    pub(super) fn stay(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        let (data, centre) = (self.dir.join("sekolah"), self.dir.join("pusat"));
        let serving = Serving::with_pages(self.computer.take_service()?, words.0)?;
        let pages = serving.pages().ok_or_else(|| Failure::new("serve.port"))?;
        let link = pages.invitation(OPERATOR.0)?;
        self.tell.step(words.say("demo.keep"));
        self.tell.line(words.say("demo.open"));
        self.tell.line(&link);
        self.tell.line(&words.fill("demo.password", &[("name", &HEAD.0), ("password", &HEAD.1)]));
        self.tell.line(&words.fill("demo.password", &[("name", &OPERATOR.0), ("password", &OPERATOR.1)]));
        self.tell.types(&format!("selaras --data {} status", data.display()));
        self.tell.types(&format!("selaras center --data {} school list", centre.display()));
        self.tell.line(&words.fill("demo.kode", &[("kode", &self.kode())]));
        self.tell.line(words.say("demo.until"));
        if self.tell.has_person() {
            // Whoever has no browser here copies the link.
            crate::platform::open_in_browser(&link);
        }
        serving.wait()
    }
}
