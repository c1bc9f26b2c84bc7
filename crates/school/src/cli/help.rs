//! `--help` in the language of the one who asks. The texts come from the catalogue, under the path of the command and
//! the argument's name: `help.account.add.ptk`.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};
use selaras_model::Lang;

use crate::catalogue::Words;
use crate::failure::Exit;

/// The language, before the arguments are read: the help itself depends on it.
pub(super) fn guess_lang(arguments: &[OsString]) -> Lang {
    let texts: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let followed = texts.iter().zip(texts.iter().skip(1)).find(|(flag, _)| *flag == "--lang");
    let joined = || texts.iter().find_map(|text| text.strip_prefix("--lang="));
    let named = followed.map(|(_, lang)| lang.as_ref()).or_else(joined);
    let named = named.map(str::to_owned).or_else(|| std::env::var("SELARAS_LANG").ok());
    named.and_then(|lang| lang.parse().ok()).unwrap_or_default()
}

/// A command whose help speaks a language.
pub(super) fn translated(command: Command, lang: Lang) -> Command {
    let words = Words(lang);
    let help = Arg::new("help").short('h').long("help").action(ArgAction::HelpShort).global(true);
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let command = command.disable_help_flag(true).disable_version_flag(true).arg(help).arg(version);
    spoken(command, "help", words).after_help(exit_codes(words))
}

fn spoken(command: Command, key: &str, words: Words) -> Command {
    let about = words.say_or(key, key).to_owned();
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let arguments: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    let usage = words.say("help.usage");
    let mut command = command
        .about(about)
        .long_about(None)
        .help_template(format!("{{about}}\n\n{usage}: {{usage}}\n\n{{all-args}}{{after-help}}"))
        .subcommand_help_heading(words.say("help.commands"))
        .subcommand_value_name(words.say("help.command"));
    for (place, name) in arguments.into_iter().enumerate() {
        let text = argument_text(&format!("{key}.{name}"), &name, words);
        command = command.mut_arg(name, |arg: Arg| {
            let heading = if arg.is_positional() { words.say("help.arguments") } else { words.say("help.options") };
            let arg = arg.display_order(place);
            arg.help(text).long_help(None).help_heading(heading).hide_env_values(true).hide_possible_values(false)
        });
    }
    for name in names {
        let key = format!("{key}.{name}");
        command = command.mut_subcommand(name, |sub| spoken(sub, &key, words));
    }
    command
}

/// Arguments that mean the same in several commands have one text.
fn argument_text(key: &str, name: &str, words: Words) -> String {
    let shared = format!("help.*.{name}");
    words.say_or(key, words.say_or(&shared, key)).to_owned()
}

fn exit_codes(words: Words) -> String {
    let mut text = format!("{}:\n", words.say("help.exit"));
    for exit in Exit::ALL {
        let number = exit.number();
        let key = format!("exit.{number}");
        text.push_str(&format!("  {number}  {}\n", words.say_or(&key, &key)));
    }
    text
}
