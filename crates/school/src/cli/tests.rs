#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use clap::{CommandFactory, Parser};
use selaras_model::Lang;

use super::{Cli, Task, help};
use crate::command::{Command, Wanted};

fn parse(line: &str) -> Command {
    match Cli::try_parse_from(line.split_whitespace()).unwrap().task {
        Task::Command(command) => command,
        _ => panic!("a command of the service"),
    }
}

fn commands() -> Vec<Command> {
    [
        "selaras init --server https://pusat.example --npsn 99999999 --ca ca.pem",
        "selaras recover --server https://pusat.example --npsn 99999999",
        "selaras account add siti --ptk 0a1b2c3d",
        "selaras account passwd siti",
        "selaras account reset siti",
        "selaras account link siti --ptk 0a1b2c3d",
        "selaras account unlock siti",
        "selaras account disable siti",
        "selaras account enable siti",
        "selaras account list",
        "selaras role add siti head",
        "selaras role remove siti plt",
        "selaras head activate siti",
        "selaras head healed siti --device 0102030405060708",
        "selaras pull",
        "selaras status",
        "selaras validate --tab gtk",
        "selaras list peserta_didik --filter agama_id=1 --deleted",
        "selaras show peserta_didik 0a1b2c3d",
        "selaras edit peserta_didik 0a1b2c3d alamat_jalan=Mawar --as siti",
        "selaras new peserta_didik nama=Budi",
        "selaras delete peserta_didik 0a1b2c3d",
        "selaras undelete peserta_didik 0a1b2c3d",
        "selaras import school.jsonl --partial",
        "selaras export all.jsonl",
        "selaras prepare",
        "selaras approve siti",
        "selaras withdraw",
        "selaras sync",
        "selaras log --last 5",
        "selaras receipt",
        "selaras conflicts",
        "selaras resolve peserta_didik 0a1b2c3d nama --keep 2",
        "selaras backup school.age",
        "selaras backup --list",
        "selaras restore school.age --key backup.key --engine redb",
        "selaras doctor --server https://pusat.example --ca ca.pem --bundle helpdesk.json",
    ]
    .map(parse)
    .to_vec()
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_comes_out_of_a_message_as_it_went_in() {
    for command in commands() {
        let text = serde_json::to_string(&command).unwrap();
        let read: Command = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}

#[test]
fn secrets_are_asked_for_and_are_no_arguments() {
    let wanted = |line| parse(line).secrets().into_iter().map(|(wanted, _)| wanted).collect::<Vec<_>>();
    assert_eq!(wanted("selaras account passwd siti"), [Wanted::Password, Wanted::NewPassword]);
    assert_eq!(wanted("selaras account reset siti"), [Wanted::Kode, Wanted::NewPassword]);
    assert_eq!(wanted("selaras account unlock siti"), [Wanted::Kode]);
    assert_eq!(wanted("selaras role remove siti head"), [Wanted::Kode]);
    assert_eq!(wanted("selaras head activate siti"), [Wanted::Kode, Wanted::Password]);
    assert_eq!(wanted("selaras backup school.age"), [Wanted::NewPassphrase]);
    assert_eq!(wanted("selaras backup --list"), []);
    assert_eq!(wanted("selaras sync"), []);
    assert!(Cli::try_parse_from(["selaras", "approve", "siti", "--password", "x"]).is_err());
}

#[test]
fn secrets_do_not_show_in_debug() {
    let mut command = parse("selaras approve siti");
    for (_, secret) in command.secrets() {
        *secret = crate::secret::Secret::new("gunung dan laut");
    }
    assert!(!format!("{command:?}").contains("gunung"));
}

#[test]
fn paths_are_made_absolute() {
    let mut command = parse("selaras import school.jsonl");
    command.settle_paths().unwrap();
    let Command::Import(import) = command else { panic!("an import") };
    assert!(import.file.is_absolute());
}

#[test]
fn a_conflict_is_decided_one_way() {
    let line = |end: &str| format!("selaras resolve ptk 0a1b2c3d nama {end}");
    assert!(Cli::try_parse_from(line("").split_whitespace()).is_err());
    assert!(Cli::try_parse_from(line("--keep 1 --value x").split_whitespace()).is_err());
}

fn help_text(lang: Lang, path: &[&str]) -> String {
    let mut command = help::translated(Cli::command(), lang);
    command.build();
    let found = path.iter().fold(&mut command, |command, name| command.find_subcommand_mut(name).unwrap());
    found.render_help().to_string()
}

#[cfg(feature = "demo")]
#[test]
fn help_in_indonesian() {
    insta::assert_snapshot!(help_text(Lang::Id, &[]));
}

#[cfg(feature = "demo")]
#[test]
fn help_in_english() {
    insta::assert_snapshot!(help_text(Lang::En, &[]));
}

#[test]
fn help_of_a_command() {
    insta::assert_snapshot!(help_text(Lang::Id, &["resolve"]));
}

/// Walks through all commands and arguments; a text that is missing shows its key, `help.…`.
#[test]
fn every_command_and_argument_has_a_text() {
    fn walk(command: &clap::Command, missing: &mut Vec<String>) {
        let texts = command.get_arguments().filter_map(|arg| arg.get_help()).chain(command.get_about());
        missing.extend(texts.map(ToString::to_string).filter(|text| text.starts_with("help.") || text == "help"));
        for sub in command.get_subcommands() {
            walk(sub, missing);
        }
    }
    for lang in [Lang::Id, Lang::En] {
        let mut missing = Vec::new();
        walk(&help::translated(Cli::command(), lang), &mut missing);
        assert!(missing.is_empty(), "{missing:?}");
    }
}
