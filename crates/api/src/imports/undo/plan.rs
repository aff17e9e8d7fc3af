//! What is to be retracted for an import to be undone, found in the ledger.

use super::fields::set_by;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use touchbook_customers::Customers;
use touchbook_engine::{ReadError, Tenant};
use touchbook_events::catalogue::import::ImportConflict;
use touchbook_events::incoming::import_correlation;
use touchbook_events::{Code, CustomerId, Data, Digest, EventType, Header, IdentifierKind, Record};
use touchbook_projection::Slices;

/// What undoing comes to.
pub(super) struct Plan {
    /// Records that are to count no more, in order.
    pub(super) positions: Vec<u64>,
    /// Those of them by which somebody got identifiers.
    pub(super) freeing: Vec<u64>,
    /// How many customers nothing is left of.
    pub(super) gone: u64,
    pub(super) conflicts: Vec<ImportConflict>,
}

/// An identifier that somebody got by the record at `position`.
pub(super) struct Freed {
    pub(super) position: u64,
    /// Which of the record's.
    pub(super) ordinal: usize,
    pub(super) customer: CustomerId,
    pub(super) kind: IdentifierKind,
    pub(super) value: String,
}

/// The import's records, and what others recorded of the same customers.
struct Looking {
    correlation: Digest,
    slices: Arc<Slices>,
    /// Position, type and customer of each of its own, and of what our scorer found in them.
    own: Vec<(u64, EventType, Option<CustomerId>)>,
    /// What its own records are entries of.
    entries: HashSet<Digest>,
    touched: HashSet<CustomerId>,
    made: HashSet<CustomerId>,
    /// Where others first wrote of those.
    others: HashMap<CustomerId, u64>,
}

impl Plan {
    /// Looks through the ledger, from where the import began.
    pub(super) fn of(tenant: &Tenant, import_id: &str, from: u64) -> Result<Self, ReadError> {
        let head = tenant.head();
        let slices = tenant.projection::<Customers>();
        let mut looking = Looking {
            correlation: import_correlation(tenant.key(), import_id),
            slices: slices
                .map(|customers| customers.slices(head))
                .unwrap_or_default(),
            own: Vec::new(),
            entries: HashSet::new(),
            touched: HashSet::new(),
            made: HashSet::new(),
            others: HashMap::new(),
        };
        let mut failed = None;
        tenant.scan(
            from..=head,
            &mut |position, bytes| match Header::peek(bytes) {
                Ok(header) => {
                    looking.take(&header);
                    ControlFlow::Continue(())
                }
                Err(source) => {
                    failed = Some(ReadError::Decode { position, source });
                    ControlFlow::Break(())
                }
            },
        )?;
        match failed {
            Some(error) => Err(error),
            None => looking.plan(tenant, head),
        }
    }
}

impl Looking {
    fn take(&mut self, header: &Header) {
        let counts = header.is_effective() && !self.slices.is_retracted(header.position);
        if !counts {
            return;
        }
        if header.correlation == Some(self.correlation) {
            if !is_undone(header.event_type) {
                return;
            }
            let own = (header.position, header.event_type, header.customer);
            self.own.push(own);
            if header.event_type.entry_source().is_some() {
                self.entries.insert(header.subject);
            }
            if let Some(customer) = header.customer {
                self.touched.insert(customer);
                if header.event_type == EventType::CustomerCreated {
                    self.made.insert(customer);
                }
            }
        } else if !header.changes_its_customer() {
            // What our scorer found in an entry goes with it.
            if self.entries.contains(&header.subject) {
                let score = (header.position, header.event_type, header.customer);
                self.own.push(score);
            }
        } else if let Some(customer) = header.customer.filter(|one| self.touched.contains(one))
            && is_about_its_customer(header.event_type)
        {
            self.others.entry(customer).or_insert(header.position);
        }
    }

    fn plan(self, tenant: &Tenant, head: u64) -> Result<Plan, ReadError> {
        let stays = |customer: Option<CustomerId>| {
            customer.filter(|one| self.made.contains(one) && self.others.contains_key(one))
        };
        let is_identity = |kind| {
            matches!(
                kind,
                EventType::CustomerCreated | EventType::IdentifierAttached
            )
        };
        let (mut positions, mut freeing) = (Vec::new(), Vec::new());
        for (position, kind, customer) in &self.own {
            if is_identity(*kind) && stays(*customer).is_some() {
                continue;
            }
            positions.push(*position);
            if is_identity(*kind) {
                freeing.push(*position);
            }
        }
        let mut conflicts = Vec::new();
        for (customer, position) in self.others.iter().collect::<BTreeMap<_, _>>() {
            if self.made.contains(customer) {
                conflicts.push(ImportConflict {
                    customer: *customer,
                    field: None,
                    position: *position,
                });
            }
            conflicts.extend(self.conflicts(tenant, *customer, head)?);
        }
        let kept = self
            .made
            .iter()
            .filter(|one| self.others.contains_key(*one));
        Ok(Plan {
            positions,
            freeing,
            gone: (self.made.len() - kept.count()) as u64,
            conflicts,
        })
    }

    /// Fields of a customer that the import set, and that others set after it.
    fn conflicts(
        &self,
        tenant: &Tenant,
        customer: CustomerId,
        head: u64,
    ) -> Result<Vec<ImportConflict>, ReadError> {
        let mut by_import: HashSet<String> = HashSet::new();
        let mut by_others: BTreeMap<String, u64> = BTreeMap::new();
        tenant.customer_records(customer, head, &mut |record: Record| {
            let header = &record.header;
            if !header.is_effective() || self.slices.is_retracted(header.position) {
                return;
            }
            let set = set_by(&record);
            if header.correlation == Some(self.correlation) {
                by_import.extend(set);
                return;
            }
            for field in set {
                if by_import.contains(&field) {
                    by_others.insert(field, header.position);
                }
            }
        })?;
        let conflicts = by_others
            .into_iter()
            .map(|(field, position)| ImportConflict {
                customer,
                field: Some(Code::clipped(&field)),
                position,
            });
        Ok(conflicts.collect())
    }
}

/// Whether undoing an import retracts what it has of this type. Its own beginning and end stay on
/// record, and so does what changed who others are.
fn is_undone(event_type: EventType) -> bool {
    !Slices::is_changed_by(event_type)
        && event_type.object() != "import"
        && !matches!(
            event_type,
            EventType::PolicyDefined | EventType::MergeDismissed
        )
}

/// Whether a record of this type says something of its customer, beyond whom it may be the same as.
fn is_about_its_customer(event_type: EventType) -> bool {
    !Slices::is_changed_by(event_type)
        && !matches!(
            event_type,
            EventType::MergeSuggested | EventType::MergeDismissed
        )
}

/// The identifiers that customers got by the records at `positions`.
pub(super) fn freed(tenant: &Tenant, positions: &[u64]) -> Result<Vec<Freed>, ReadError> {
    let mut all = Vec::new();
    for position in positions {
        let Some(record) = tenant.record(*position)? else {
            continue;
        };
        let Some(customer) = record.header.customer else {
            continue;
        };
        let identifiers = identifiers(&record.data).into_iter().enumerate();
        all.extend(identifiers.map(|(ordinal, (kind, value))| Freed {
            position: *position,
            ordinal,
            customer,
            kind,
            value,
        }));
    }
    Ok(all)
}

fn identifiers(data: &Data) -> Vec<(IdentifierKind, String)> {
    match data {
        Data::CustomerCreated(created) => {
            let personal = created.personal.iter();
            let sent = personal.flat_map(|personal| &personal.identifiers);
            sent.map(|one| (one.kind, one.value.as_str().to_owned()))
                .collect()
        }
        Data::IdentifierAttached(attached) => {
            let personal = attached.personal.iter();
            personal
                .map(|personal| (attached.facts.kind, personal.value.as_str().to_owned()))
                .collect()
        }
        _ => Vec::new(),
    }
}
