//! Why a command of the binary ended, and with which exit code.

use std::fmt;
use std::process::ExitCode;

use selaras_model::{LogVersion, Npsn};
use selaras_transport::{LinkError, Problem, Reason, Retry};

use crate::catalogue::problem;

/// Exit codes; their numbers are documented and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The centre refused.
    Refused = 4,
    /// No or a bad connection; the same command may be tried again.
    Network = 5,
    /// Data on this computer is damaged or cannot be read or written.
    Data = 7,
    /// What was given is not valid.
    Input = 8,
}

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    /// Whether the centre said so, in answer to a request.
    answered: bool,
    problem: Box<Problem>,
}

impl Failure {
    /// Something of this computer failed.
    pub(crate) fn local(what: &str, error: &dyn fmt::Display) -> Self {
        Self::made(Exit::Data, "local.failed", format!("{what}: {error}"))
    }

    /// The store knows less than was signed.
    pub(crate) fn put_back(npsn: Npsn, version: LogVersion) -> Self {
        let mut failure = Self::made(Exit::Data, "center.put-back", String::new());
        failure.problem.message = Box::new(selaras_transport::Text {
            id: format!(
                "Basis data ini lebih lama daripada yang sudah ditandatangani pusat (sekolah {npsn}, versi {version}): \
                 seseorang menaruhnya kembali tanpa `restore`. Kembalikan basis data yang terbaru, atau jalankan \
                 `selaras-center restored`: sekolah lalu menyerahkan kembali yang lebih baru."
            ),
            en: format!(
                "This store is older than what the centre has signed (school {npsn}, version {version}): somebody put it \
                 back without `restore`. Bring the newest store back, or run `selaras-center restored`: the schools then \
                 hand back what is newer."
            ),
        });
        failure
    }

    /// Data on this computer is not what it should be.
    pub(crate) fn data(what: &str) -> Self {
        Self::made(Exit::Data, "local.data", what.to_owned())
    }

    /// Data of the centre is not what it should be, as its catalogue says it.
    pub(crate) fn damaged(problem: Problem) -> Self {
        Self { exit: Exit::Data, answered: false, problem: Box::new(problem) }
    }

    /// Schools that failed while all others were visited; fine without any.
    pub(crate) fn of_schools(failed: &[Npsn]) -> Result<(), Self> {
        if failed.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = failed.iter().map(Npsn::to_string).collect();
        let problem = problem("school.some-failed").with("count", failed.len()).with("schools", named.join(", "));
        Err(Self { exit: Exit::Refused, answered: false, problem: Box::new(problem) })
    }

    /// Whether the centre answered, and what failed may be one school's alone.
    pub(crate) fn is_of_a_school(&self) -> bool {
        self.answered
    }

    /// What was given is not valid.
    pub(crate) fn input(what: impl Into<String>) -> Self {
        Self::made(Exit::Input, "input.invalid", what.into())
    }

    fn made(exit: Exit, code: &str, message: String) -> Self {
        let message = Box::new(selaras_transport::Text { id: message.clone(), en: message });
        let (code, who) = (code.to_owned(), "centre".to_owned());
        let retry = Retry::AfterHumanAction;
        let problem = Box::new(Problem {
            status: 0,
            code,
            args: selaras_transport::Args::new(),
            retry,
            retry_after: None,
            who,
            message,
            reasons: Vec::<Reason>::new(),
        });
        Self { exit, answered: false, problem }
    }

    /// The error body, which is also what `--json` prints.
    pub(crate) fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The process's exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        let exit = match &error {
            LinkError::Server(_) | LinkError::Protocol(_) | LinkError::SessionExpired(_) => Exit::Refused,
            LinkError::BadAddress | LinkError::PlainHttp | LinkError::Roots(_) => Exit::Input,
            _ => Exit::Network,
        };
        let answered = matches!(error, LinkError::Server(_) | LinkError::Busy(_));
        Self { exit, answered, problem: Box::new(error.problem()) }
    }
}
