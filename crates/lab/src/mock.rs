//! The mock centre: a server in front of a real centre that answers as its script says where the script says something,
//! and as the real one does everywhere else.
//!
//! What a request leads to is thus never made up: registration, tokens, the exchange, uploads and snapshots are the real
//! centre's, and a [`Script`] says which requests meet something else. It is data, in TOML or JSON, so that makers of
//! clients in any language write their own. Like the line it owns its thread.
//!
//! ```no_run
//! use selaras_lab::mock::{Endpoint, Mock, Script};
//!
//! let centre = "127.0.0.1:8080".parse()?;
//! let script = Script::from_text("[[rule]]\non = { endpoint = \"sync\", times = 1 }\nact.closed = \"Sampai pukul 10.\"")?;
//! let mock = Mock::start(Some(centre), script)?;
//! println!("http://{}", mock.address());
//! assert_eq!(mock.requests(Endpoint::Sync), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What it is not: a centre. Without one behind it, it answers what its script says and 501 to everything else. It holds
//! whole requests and whole answers, so that it shows no line's progress; a line may be put before it.

mod act;
mod answer;
mod director;
mod forge;
mod request;
mod script;
mod serve;
mod server;
mod upstream;

pub use director::Heard;
pub use request::Endpoint;
pub use script::{Act, Forgery, On, Rule, Script, ScriptError, Tls};
pub use server::{Mock, MockError};
