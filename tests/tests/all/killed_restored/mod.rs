//! School and centre are killed at any moment of an exchange, while the centre loses its disk again and again, comes back
//! from backups that are older than the last, or as a copy that was put back, and disks of the school are copied.
//!
//! In the end every computer is in step, whatever was typed last is there, and no bundle took effect twice: which entry
//! brought which bundle is read from the centre's own store, in each of its lives.
//!
//! `SELARAS_KILLS=2000 cargo test --workspace --test all killed_restored -- --nocapture` for more; `SELARAS_SEED` for other
//! moments.

mod books;
mod scene;

use rand::RngExt as _;

use crate::killed::setting;

use scene::Scene;

/// Kills of an ordinary run.
const KILLS: u64 = 20;

/// What happens between two kills, in parts of a hundred; otherwise somebody types and the head approves.
const BACKUPS: u64 = 8;
const LOSSES: u64 = 8;
const PUT_BACK: u64 = 4;
const COPIES: u64 = 4;

#[test]
fn whoever_is_killed_over_restored_centres_every_bundle_counts_once() {
    let (kills, seed) = (setting("SELARAS_KILLS", KILLS), setting("SELARAS_SEED", 1));
    let mut scene = Scene::new(seed);
    // An ordinary run has each of them, whatever is drawn.
    let ordinary = [Scene::disk_is_copied, Scene::loses_its_disk, Scene::is_put_back, Scene::is_put_back];
    for number in 0..kills {
        let due = ordinary.get(usize::try_from(number / 5).unwrap()).filter(|_| number % 5 == 3);
        match (due, scene.rng.random_range(0..100)) {
            (Some(act), _) => act(&mut scene),
            (None, drawn) if drawn < BACKUPS => scene.backs_up(),
            (None, drawn) if drawn < BACKUPS + LOSSES => scene.loses_its_disk(),
            (None, drawn) if drawn < BACKUPS + LOSSES + PUT_BACK => scene.is_put_back(),
            (None, drawn) if drawn < BACKUPS + LOSSES + PUT_BACK + COPIES => scene.disk_is_copied(),
            _ => scene.somebody_types_and_approves(),
        }
        scene.exchange_is_killed();
    }
    scene.everybody_comes_into_step();
    scene.nothing_is_lost();
    let counted = scene.every_bundle_counts_once();
    println!("{kills} kills, seed {seed}: {}; {counted}", scene.met);
}
