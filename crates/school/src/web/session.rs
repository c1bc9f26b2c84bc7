//! Who is at a browser: sessions in memory, each bound to the address it began at and to one token for its forms.
//!
//! They end with the process: whoever restarts the computer says again who they are.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;

use super::answer::Flash;
use crate::account::{Account, is_here, same};
use crate::failure::Failure;
use crate::secret::Secret;

/// Sessions at once. Of more, one goes of the account that has the most: its owner's, and nobody else's.
const MAX_SESSIONS: usize = 200;
/// A session that is not used for so long has ended.
const IDLE: Duration = Duration::from_secs(8 * 3_600);
/// However much it is used, it ends after this time.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);
/// How long a link that lets its account in can be used, once.
const INVITATION: Duration = Duration::from_secs(3_600);

/// What is known of a session.
#[derive(Clone)]
pub(crate) struct Session {
    /// The account.
    pub(crate) account: String,
    /// The token of its forms.
    pub(crate) csrf: Secret,
    /// The password that it began with: whoever changes it, here or on the command line, ends the sessions of before.
    seal: Key,
    peer: IpAddr,
    began: Instant,
    used: Instant,
}

/// A token's hash.
pub(crate) type Key = [u8; 32];

/// What is open, each with what its next page says.
type Open = BTreeMap<Key, (Session, Option<Flash>)>;

/// All sessions. Tokens are kept by their hash, so that looking one up takes the same time whatever was sent.
#[derive(Default)]
pub(crate) struct Sessions {
    open: Mutex<Open>,
    invited: Mutex<Option<(Key, String, Instant)>>,
}

/// The session that goes for a new one: of the account that has the most; of it, at another computer before this one, at
/// the address that has the most; there, the one that was used longest ago. Whoever signs in again and again ends what
/// they began themselves.
fn to_end(open: &Open) -> Option<Key> {
    let mut by_account: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_address: BTreeMap<(&str, IpAddr), usize> = BTreeMap::new();
    for (session, _) in open.values() {
        *by_account.entry(&session.account).or_default() += 1;
        *by_address.entry((&session.account, session.peer)).or_default() += 1;
    }
    let rank = |session: &Session| {
        let of_account = by_account.get(&*session.account).copied().unwrap_or(0);
        let of_address = by_address.get(&(&*session.account, session.peer)).copied().unwrap_or(0);
        (of_account, !is_here(session.peer), of_address, Reverse(session.used))
    };
    open.iter().max_by_key(|(_, (session, _))| rank(session)).map(|(key, _)| *key)
}

/// What stands for an account's password as it is now.
pub(crate) fn seal(account: &Account) -> Key {
    hash(&serde_json::to_string(&account.password).unwrap_or_default())
}

fn hash(token: &str) -> Key {
    *blake3::hash(token.as_bytes()).as_bytes()
}

fn token() -> Result<Secret, Failure> {
    Ok(Secret::new(HEXLOWER.encode(&crate::env::random::<32>()?)))
}

impl Session {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.used) > IDLE || now.duration_since(self.began) > LONGEST
    }

    /// Whether it began with the password that the account has now.
    pub(crate) fn fits(&self, seal: &Key) -> bool {
        same(&self.seal, seal)
    }

    /// Whether a form is this session's.
    pub(crate) fn owns(&self, csrf: &str) -> bool {
        same(self.csrf.expose().as_bytes(), csrf.as_bytes())
    }
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session; gives what the browser keeps.
    pub(crate) fn begin(&self, account: &str, seal: Key, peer: IpAddr) -> Result<Secret, Failure> {
        let key = token()?;
        let now = Instant::now();
        let session = Session { account: account.to_owned(), csrf: token()?, seal, peer, began: now, used: now };
        let mut open = self.lock();
        open.retain(|_, (session, _)| !session.is_over(now));
        if open.len() >= MAX_SESSIONS
            && let Some(one) = to_end(&open)
        {
            open.remove(&one);
        }
        open.insert(hash(key.expose()), (session, None));
        Ok(key)
    }

    /// The session of a token, at the address where it began.
    pub(crate) fn find(&self, token: &str, peer: IpAddr) -> Option<Session> {
        let mut open = self.lock();
        let (session, _) = open.get_mut(&hash(token))?;
        let now = Instant::now();
        if session.peer != peer || session.is_over(now) {
            return None;
        }
        session.used = now;
        Some(session.clone())
    }

    /// Ends a session.
    pub(crate) fn end(&self, token: &str) {
        self.lock().remove(&hash(token));
    }

    /// A session goes on whose own account's password was changed in it.
    pub(crate) fn renew(&self, token: &str, seal: Key) {
        if let Some((session, _)) = self.lock().get_mut(&hash(token)) {
            session.seal = seal;
        }
    }

    /// What the next page of a session says first.
    pub(crate) fn say(&self, token: &str, flash: Flash) {
        if let Some((_, said)) = self.lock().get_mut(&hash(token)) {
            *said = Some(flash);
        }
    }

    /// Takes what is to be said.
    pub(crate) fn said(&self, token: &str) -> Option<Flash> {
        self.lock().get_mut(&hash(token))?.1.take()
    }

    /// Makes a link by which an account is let in once, for whoever started the program.
    pub(crate) fn invite(&self, account: &str) -> Result<Secret, Failure> {
        let key = token()?;
        let mut invited = self.invited.lock().unwrap_or_else(PoisonError::into_inner);
        *invited = Some((hash(key.expose()), account.to_owned(), Instant::now()));
        Ok(key)
    }

    /// The account of such a link, once.
    pub(crate) fn welcome(&self, token: &str) -> Option<String> {
        let mut invited = self.invited.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = invited.as_ref().is_some_and(|(key, _, at)| *key == hash(token) && at.elapsed() <= INVITATION);
        if fits { invited.take().map(|(_, account, _)| account) } else { None }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const OLD: Key = [1; 32];
    const NEW: Key = [2; 32];
    const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

    #[test]
    fn a_session_is_good_where_it_began_and_nowhere_else() {
        let sessions = Sessions::default();
        let key = sessions.begin("siti", OLD, HERE).unwrap();
        assert_eq!(sessions.find(key.expose(), HERE).unwrap().account, "siti");
        assert!(sessions.find(key.expose(), ELSEWHERE).is_none());
        assert!(sessions.find("guess", HERE).is_none());
        sessions.end(key.expose());
        assert!(sessions.find(key.expose(), HERE).is_none());
    }

    #[test]
    fn an_invitation_is_good_once() {
        let sessions = Sessions::default();
        let key = sessions.invite("siti").unwrap();
        assert_eq!(sessions.welcome("guess"), None);
        assert_eq!(sessions.welcome(key.expose()).as_deref(), Some("siti"));
        assert_eq!(sessions.welcome(key.expose()), None);
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let sessions = Sessions::default();
        let first = sessions.begin("siti", OLD, HERE).unwrap();
        for _ in 0..MAX_SESSIONS {
            sessions.begin("siti", OLD, HERE).unwrap();
        }
        assert_eq!(sessions.lock().len(), MAX_SESSIONS);
        assert!(sessions.find(first.expose(), HERE).is_none());
    }

    #[test]
    fn a_changed_password_ends_the_other_sessions_of_its_account() {
        let sessions = Sessions::default();
        let keys: Vec<_> = (0..2).map(|_| sessions.begin("siti", OLD, HERE).unwrap()).collect();
        sessions.renew(keys[0].expose(), NEW);
        let fits = |key: &Secret, seal| sessions.find(key.expose(), HERE).unwrap().fits(seal);
        assert!(fits(&keys[0], &NEW) && !fits(&keys[1], &NEW) && fits(&keys[1], &OLD));
    }

    /// The session that was used longest ago goes, whoever's it is: one account's sign-ins end everybody's sessions.
    #[test]
    fn fault_32_many_sign_ins_of_one_account_end_no_other_accounts_session() {
        let sessions = Sessions::default();
        let siti = sessions.begin("siti", OLD, HERE).unwrap();
        for _ in 0..MAX_SESSIONS + 5 {
            sessions.begin("budi", OLD, HERE).unwrap();
        }
        assert!(sessions.find(siti.expose(), HERE).is_some());
        assert!(sessions.lock().len() <= MAX_SESSIONS);
    }

    /// The same from another address, by whoever knows a teacher's password.
    #[test]
    fn fault_32_many_sign_ins_from_elsewhere_end_no_session_of_this_computer() {
        let sessions = Sessions::default();
        let here = sessions.begin("siti", OLD, HERE).unwrap();
        for _ in 0..MAX_SESSIONS + 5 {
            sessions.begin("siti", OLD, ELSEWHERE).unwrap();
        }
        assert!(sessions.find(here.expose(), HERE).is_some());
    }
}
