//! The approval as it travels: what its text shares with the bundle's header is not sent twice.

use selaras_model::{BundleId, Date, KeyId, Pack, RecordId};
use selaras_policy::{Approval, ApprovalText, MAX_MODULES, ModuleCount};

use crate::bundle::Header;
use crate::wire;

/// Makes the message; the pack gives each module's place.
pub(crate) fn to_wire(approval: &Approval, pack: &Pack) -> wire::Approval {
    let text = approval.text();
    let place = |name: &str| pack.modules().iter().position(|module| module.name == name);
    let counts = text.counts.iter().filter_map(|count| {
        let module = u32::try_from(place(&count.module)?).ok()?;
        Some(wire::ModuleCount { module, records: count.records })
    });
    wire::Approval {
        counts: counts.collect(),
        warnings: text.warnings,
        judged_on: text.judged_on.days_since_epoch(),
        ptk: text.ptk.as_bytes().to_vec(),
        key: text.key.as_bytes().to_vec(),
        signature: approval.signature().to_vec(),
    }
}

/// Puts message and header together to what was signed; nothing is believed yet.
pub(crate) fn from_wire(wire: &wire::Approval, bundle: BundleId, header: &Header, pack: &Pack) -> Option<Approval> {
    if wire.counts.len() > MAX_MODULES {
        return None;
    }
    let count = |count: &wire::ModuleCount| {
        let module = pack.modules().get(usize::try_from(count.module).ok()?)?;
        Some(ModuleCount { module: module.name.clone(), records: count.records })
    };
    let text = ApprovalText {
        npsn: header.npsn,
        bundle,
        replica: header.replica,
        sequence: header.sequence,
        pack: header.pack,
        rulebook: header.rulebook,
        counts: wire.counts.iter().map(count).collect::<Option<_>>()?,
        warnings: wire.warnings,
        judged_on: Date::from_days(wire.judged_on).ok()?,
        ptk: RecordId::from_bytes(wire.ptk.as_slice().try_into().ok()?),
        key: KeyId::try_from(wire.key.as_slice()).ok()?,
    };
    Some(Approval::from_parts(text, wire.signature.as_slice().try_into().ok()?))
}
