//! What the drill looks at: digests of both ends, receipted values, what a computer can read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cast::{Post, Which};
use super::{Drill, STUDENT};
use crate::demo::school;
use crate::failure::Failure;

impl Drill<'_> {
    /// Each computer's digests, computed from its own records, are those that the centre computed from its own.
    pub(super) fn all_in_step(&mut self, posts: &[Post]) -> Result<(), Failure> {
        let words = self.tell.words();
        for post in posts {
            let centre = self.centre.digests(self.school(*post).npsn)?;
            let (root, modules) = school::Computer::new(self.at(*post).data, self.lang).digests()?;
            let equal = root == centre.root && modules.into_iter().collect::<BTreeMap<_, _>>() == centre.modules;
            let brief: String = root.chars().take(16).collect();
            let args: &[(&str, &dyn std::fmt::Display)] =
                &[("computer", &post.name), ("version", &centre.version), ("root", &brief)];
            self.tell.check(equal, &words.fill("demo.disaster.in-step", args))?;
        }
        Ok(())
    }

    /// What has a receipt stands at the centre.
    pub(super) fn all_receipted(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        let mut lost = Vec::new();
        for receipted in &self.receipted {
            if !self.stands_at_centre(receipted.school, &receipted.student, &receipted.street)? {
                lost.push(receipted.street.as_str());
            }
        }
        let (count, lost) = (self.receipted.len(), lost.join(", "));
        let text = if lost.is_empty() {
            words.fill("demo.disaster.all-receipted", &[("count", &count)])
        } else {
            words.fill("demo.disaster.lost-receipted", &[("lost", &lost)])
        };
        self.tell.check(lost.is_empty(), &text)
    }

    /// Whether a student's street stands so at the centre.
    pub(super) fn stands_at_centre(&self, school: Which, student: &str, street: &str) -> Result<bool, Failure> {
        let npsn = self.cast.school(school).npsn.to_string();
        let shown = self.asked(&["record", "show", &npsn, STUDENT, student])?;
        Ok(shown.text("/fields/alamat_jalan") == street)
    }

    /// All records that a computer can read, as it would export them.
    pub(super) fn reads(&mut self, post: Post) -> Result<String, Failure> {
        let file = self.dir.join("terbaca.jsonl");
        // An export writes over nothing.
        let _ = std::fs::remove_file(&file);
        self.quietly(post, &["export", &file.display().to_string()], &[])?;
        std::fs::read_to_string(&file).map_err(|_| Failure::new("input.file").arg("file", file.display()))
    }

    /// Whether a computer has something sealed.
    pub(super) fn has_sealed(&mut self, post: Post) -> Result<bool, Failure> {
        Ok(!self.quietly(post, &["status"], &[])?.said.pointer("/sealed").is_none_or(Value::is_null))
    }

    /// The registrations of the student who moves that have no end at a school.
    pub(super) fn open_registrations(&mut self, post: Post) -> Result<usize, Failure> {
        let filter = format!("peserta_didik_id={}", self.mover);
        let entity = "registrasi_peserta_didik";
        let listed = self.quietly(post, &["list", entity, "--filter", &filter], &[])?;
        let lines = listed.said.pointer("/records").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut open = 0;
        for line in lines {
            let id = line.pointer("/id").and_then(Value::as_str).unwrap_or_default();
            let shown = self.quietly(post, &["show", entity, id], &[])?;
            let fields = shown.said.pointer("/fields").and_then(Value::as_array).cloned().unwrap_or_default();
            let left = fields.iter().find(|field| field.pointer("/name").is_some_and(|name| name == "tanggal_keluar"));
            let left = left.and_then(|field| field.pointer("/value")).and_then(Value::as_str).unwrap_or_default();
            open += usize::from(left.is_empty());
        }
        Ok(open)
    }
}
