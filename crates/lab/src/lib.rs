//! What tests and the demo share: sample schools, the simulated world, the bad line and the mock centre.
//!
//! The crate is not part of what schools or the centre run, but for the school's feature `demo`. Its main type is
//! [`sample::Sample`], a made-up school: what the centre holds of it, what its clerk types, and what somebody got wrong
//! on purpose.
//!
//! ```
//! use selaras_lab::{SampleOptions, sample};
//! use selaras_model::Pack;
//!
//! let school = sample(&Pack::builtin(), &SampleOptions { students: 12, ..SampleOptions::default() })?;
//! assert_eq!(school.npsn.to_string(), "99999999");
//! assert!(!school.centre.is_empty() && !school.school.is_empty());
//! # Ok::<(), selaras_lab::SampleError>(())
//! ```

mod http;
pub mod line;
pub mod mock;
pub mod program;
pub mod sample;
mod tls;
pub mod world;

pub use sample::{
    Day, Fault, PlantError, Planted, PlantedRule, Planter, Sample, SampleError, SampleOptions, SchoolKind, day, sample,
};
