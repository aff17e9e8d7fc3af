//! What can be done, and the table of who may do it (C20).

use touchbook_events::EventType;
use touchbook_events::catalogue::Sender;
use touchbook_events::catalogue::access::Role;

/// Whose things an action may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole tenant's.
    Tenant,
    /// Those of the customer that the caller is.
    Own,
}

macro_rules! actions {
    ($( $(#[$doc:meta])* $name:ident: $($role:ident $scope:ident),*; )*) => {
        /// What a route does, as far as it concerns who may.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $( $(#[$doc])* $name, )* }

        impl Action {
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The one table: by action, which role may, and with whose things.
            pub const fn allowed(self) -> &'static [(Role, Scope)] {
                match self { $( Self::$name => &[ $( (Role::$role, Scope::$scope), )* ], )* }
            }
        }
    };
}

actions! {
    /// Learn who one is, and which types and schemas there are.
    Introduce: CustomerSelf Tenant, Agent Tenant, Manager Tenant, Compliance Tenant,
        SuperAdmin Tenant, Producer Tenant;
    /// Read a customer, its timeline and what follows from it.
    ReadCustomer: CustomerSelf Own, Agent Tenant, Manager Tenant, Compliance Tenant,
        SuperAdmin Tenant;
    /// Read lists of customers, and of what concerns several.
    ListCustomers: Agent Tenant, Manager Tenant, Compliance Tenant, SuperAdmin Tenant;
    /// Change what is known of a customer, or fold it again.
    ChangeCustomer: Agent Tenant, Manager Tenant, SuperAdmin Tenant;
    /// Say that customers are one, or not.
    MergeCustomers: Manager Tenant, SuperAdmin Tenant;
    /// Change many customers at once: imports, their undoing, folding all again.
    ImportCustomers: Manager Tenant, SuperAdmin Tenant;
    /// Read what is summed up over customers and agents.
    ReadReports: Manager Tenant, Compliance Tenant, SuperAdmin Tenant;
    ExportCustomers: Manager Tenant, Compliance Tenant, SuperAdmin Tenant;
    /// Bring events; which types, their own action says.
    SendEvents: Agent Tenant, Manager Tenant, SuperAdmin Tenant, Producer Tenant;
    /// Bring whole objects of other systems.
    Sync: Manager Tenant, SuperAdmin Tenant, Producer Tenant;
    /// Follow records as they become durable.
    FollowStream: CustomerSelf Own, Agent Tenant, Manager Tenant, Compliance Tenant,
        SuperAdmin Tenant;
    /// Read records as they were stored, and who caused them.
    ReadLedger: Manager Tenant, Compliance Tenant, SuperAdmin Tenant;
    VerifyLedger: Compliance Tenant, SuperAdmin Tenant;
    /// Deal with what could not be used.
    ResolveDeadLetters: Manager Tenant, SuperAdmin Tenant;
    /// Say that records count no more, or again.
    CorrectRecords: Manager Tenant, SuperAdmin Tenant;
    ReadPolicies: Agent Tenant, Manager Tenant, Compliance Tenant, SuperAdmin Tenant;
    ChangePolicies: SuperAdmin Tenant;
    /// Look after projections, jobs and scorers.
    ReadOperations: Manager Tenant, Compliance Tenant, SuperAdmin Tenant;
    Operate: SuperAdmin Tenant;
    /// Write down what was done with a customer, or is to be done.
    ChangeInteractions: Agent Tenant, Manager Tenant, SuperAdmin Tenant;
    /// Say what is to be done: templates, campaigns.
    ChangeTemplates: Manager Tenant, SuperAdmin Tenant;
    /// Remove what identifies a person.
    Erase: Compliance Tenant, SuperAdmin Tenant;
    ReadUsers: Manager Tenant, Compliance Tenant, SuperAdmin Tenant;
    ManageUsers: SuperAdmin Tenant;
    ManageKeys: SuperAdmin Tenant;
}

impl Action {
    /// With whose things `role` may, if it may at all.
    pub fn scope(self, role: Role) -> Option<Scope> {
        let allowed = self.allowed().iter().find(|(known, _)| *known == role);
        allowed.map(|(_, scope)| *scope)
    }

    /// What one must be allowed to do who sends an event of this type by itself. Types that
    /// producers send ask for nothing more; `None` is sent by nobody.
    pub fn of_event(event_type: EventType) -> Option<Self> {
        let senders = event_type.senders();
        if senders.contains(&Sender::Producer) {
            return Some(Self::SendEvents);
        }
        if !senders.contains(&Sender::User) {
            return None;
        }
        use EventType as Type;
        Some(match event_type {
            Type::CustomerMerged | Type::CustomerUnmerged | Type::MergeDismissed => {
                Self::MergeCustomers
            }
            Type::IdentifierAttached | Type::IdentifierDetached | Type::SubjectAssigned => {
                Self::ChangeCustomer
            }
            Type::CustomerStatusChanged => Self::ChangeCustomer,
            Type::OpeningBalanceImported => Self::ImportCustomers,
            Type::CustomerErased => Self::Erase,
            Type::EventRetracted | Type::EventReinstated => Self::CorrectRecords,
            Type::DeadLetterResolved => Self::ResolveDeadLetters,
            Type::ImportStarted | Type::ImportCompleted | Type::ImportUndone => {
                Self::ImportCustomers
            }
            Type::UserDefined => Self::ManageUsers,
            Type::KeyCreated | Type::KeyRevoked => Self::ManageKeys,
            Type::TemplateDefined | Type::TemplateRetired => Self::ChangeTemplates,
            _ if matches!(event_type.object(), "interaction" | "workflow") => {
                Self::ChangeInteractions
            }
            // Policies, registered types, scorers, subscriptions, and what a later version adds.
            _ => Self::ChangePolicies,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C20.
    #[test]
    fn a_super_admin_may_everything_in_its_tenant() {
        for action in Action::ALL {
            assert_eq!(
                action.scope(Role::SuperAdmin),
                Some(Scope::Tenant),
                "{action:?}"
            );
        }
    }

    #[test]
    fn a_customer_sees_itself_alone() {
        let may: Vec<_> = Action::ALL
            .iter()
            .filter(|action| action.scope(Role::CustomerSelf) == Some(Scope::Own))
            .collect();
        assert_eq!(may, [&Action::ReadCustomer, &Action::FollowStream]);
    }

    #[test]
    fn a_producer_reads_no_customer() {
        let may: Vec<_> = Action::ALL
            .iter()
            .filter(|action| action.scope(Role::Producer).is_some())
            .collect();
        assert_eq!(
            may,
            [&Action::Introduce, &Action::SendEvents, &Action::Sync]
        );
    }

    #[test]
    fn compliance_changes_nothing_but_what_erases() {
        for (action, may) in [
            (Action::ChangeCustomer, false),
            (Action::SendEvents, false),
            (Action::ChangePolicies, false),
            (Action::ReadLedger, true),
            (Action::Erase, true),
        ] {
            assert_eq!(action.scope(Role::Compliance).is_some(), may, "{action:?}");
        }
    }

    #[test]
    fn what_only_touchbook_makes_is_sent_by_nobody() {
        for event_type in EventType::ALL {
            let senders = event_type.senders();
            let is_sent = senders.contains(&Sender::Producer) || senders.contains(&Sender::User);
            assert_eq!(
                Action::of_event(*event_type).is_some(),
                is_sent,
                "{event_type}"
            );
        }
    }

    #[test]
    fn an_agent_may_not_send_what_decides_over_others() {
        for event_type in [
            EventType::PolicyDefined,
            EventType::KeyCreated,
            EventType::UserDefined,
            EventType::CustomerMerged,
            EventType::EventRetracted,
            EventType::EventTypeRegistered,
        ] {
            let action = Action::of_event(event_type);
            let scope = action.and_then(|action| action.scope(Role::Agent));
            assert_eq!(scope, None, "{event_type}");
        }
    }
}
