//! Snapshots: the file around a state, and the states of everything that is snapshotted.

use touchbook_customers::Customers;
use touchbook_dead_letters::DeadLettersDecider;
use touchbook_events::{CustomerId, Header as RecordHeader, Record, TenantKey, TenantNumber};
use touchbook_identity::{Identifiers, IdentityDecider};
use touchbook_policies::PoliciesDecider;
use touchbook_projection::snapshot::{self, Header, Part, Whole};
use touchbook_projection::{
    Decider, Folding, History, HistoryError, Projection, Projector, SHARDS, Slices,
};
use touchbook_timeline::Timeline;

/// Up to where the states go that are read.
const POSITION: u64 = 1_000;

/// The first byte says what the rest is: a file without its frame, or the body of one part. What is
/// read is written, read again, and the same.
pub fn snapshot(bytes: &[u8]) -> bool {
    let Some((what, body)) = bytes.split_first() else {
        return false;
    };
    match what % 9 {
        0 => file(body),
        1 => whole(body),
        2 => shard::<Customers>(body),
        3 => shard::<Timeline>(body),
        4 => shard::<Identifiers>(body),
        5 => slices(body),
        6 => decider(|| Box::new(PoliciesDecider::new()), body),
        7 => decider(|| Box::new(IdentityDecider::new(key())), body),
        _ => decider(|| Box::new(DeadLettersDecider::new()), body),
    }
}

fn key() -> TenantKey {
    TenantKey::from_salt(b"fuzz")
}

/// Between the mark at its beginning and the digest at its end, both of which fit.
fn file(content: &[u8]) -> bool {
    let any = Header {
        tenant: TenantNumber::NODE,
        part: Part::Whole,
        name: "".into(),
        version: 0,
        position: 0,
        chain: [0; 32],
    };
    let mut file = snapshot::encode(&any, b"");
    file.truncate(b"TCHBSNAP".len() + 1);
    file.extend_from_slice(content);
    let digest = blake3::hash(&file);
    file.extend_from_slice(digest.as_bytes());
    let Ok((header, body)) = snapshot::decode(&file) else {
        return false;
    };
    let written = snapshot::encode(&header, body);
    let again = snapshot::decode(&written).expect("what was written is read");
    assert_eq!(again, (header, body));
    true
}

fn whole(body: &[u8]) -> bool {
    let Ok(whole) = snapshot::decode_state::<Whole>(body) else {
        return false;
    };
    let written = snapshot::encode_state(&whole);
    let again = snapshot::decode_state::<Whole>(&written);
    assert_eq!(again.expect("what was written is read"), whole);
    true
}

/// A shard is read into a projection, which then goes live; the first byte is the shard's number.
fn shard<P: Projector>(bytes: &[u8]) -> bool {
    let Some((number, body)) = bytes.split_first() else {
        return false;
    };
    let number = usize::from(*number) % SHARDS;
    let load = |body: &[u8]| {
        let projection = Projection::<P>::new(Folding::Bulk);
        projection.load_shard(number, POSITION, body).ok()?;
        projection.finish_load();
        projection.go_live(&Nothing).expect("nothing can be read");
        Some(projection)
    };
    let written = |of: &Projection<P>| of.encode_shard(number).expect("it is live").1;
    let Some(read) = load(body) else {
        return false;
    };
    let first = written(&read);
    let again = load(&first).expect("what was written is read");
    assert_eq!(written(&again), first, "{}", P::NAME);
    assert_eq!(again.digest(), read.digest(), "{}", P::NAME);
    true
}

fn slices(body: &[u8]) -> bool {
    let Ok(read) = Slices::decode(body, POSITION) else {
        return false;
    };
    let written = read.encode();
    let again = Slices::decode(&written, POSITION).expect("what was written is read");
    assert_eq!(again.encode(), written);
    true
}

fn decider(new: impl Fn() -> Box<dyn Decider>, body: &[u8]) -> bool {
    let (mut read, mut again) = (new(), new());
    if read.restore(body).is_err() {
        return false;
    }
    let written = read.encode();
    again.restore(&written).expect("what was written is read");
    assert_eq!(again.encode(), written, "{}", read.name());
    true
}

/// A ledger without records.
struct Nothing;

impl History for Nothing {
    fn records_of(
        &self,
        _: Option<CustomerId>,
        _: u64,
        _: &mut dyn FnMut(Record),
    ) -> Result<(), HistoryError> {
        Ok(())
    }

    fn header_at(&self, _: u64) -> Result<Option<RecordHeader>, HistoryError> {
        Ok(None)
    }
}
