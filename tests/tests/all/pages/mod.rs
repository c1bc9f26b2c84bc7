//! The school's pages, as a browser without script has them: the whole day, every page in both languages, and whoever
//! tries to come in another way.

pub(crate) mod attacks;
pub(crate) mod browser;
pub(crate) mod day;
mod elsewhere;
mod links;
mod lists;
mod night;
#[allow(dead_code, reason = "the tests in a browser play other scenes")]
pub(crate) mod school;
mod together;
mod walk;

use crate::stand::PASSWORD;
use browser::Browser;
use school::{School, id_of};

impl School {
    /// A browser in which nobody is known.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.serving.pages)
    }

    /// A browser in which the operator is.
    pub(crate) fn operator(&self) -> Browser {
        let mut browser = self.browser();
        browser.sign_in("siti", PASSWORD);
        browser
    }
}
