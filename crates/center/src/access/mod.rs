//! Who may do what: codes, tokens, limits on guessing.

mod guesses;
mod kode;
mod nonces;
mod secrets;
mod staff;
mod token;

pub(crate) use guesses::{AddressGuesses, Guesses};
pub(crate) use kode::{HashedKode, Kode, KodeCost, KodeProofs};
pub(crate) use nonces::Nonces;
pub(crate) use secrets::{random, write_new};
pub(crate) use staff::{Accounts, Area, Staff, StaffRole, StaffRow};
pub(crate) use token::{Bearer, TokenFault, TokenKey};
