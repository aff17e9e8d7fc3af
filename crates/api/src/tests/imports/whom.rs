//! Whom rows are compared with: those to whom the ledger will give what they say.

use super::*;
use crate::limits::BALANCE_IDENTIFIERS_MAX;

const SWITCHBOARD: &str = "+27215550100";

#[tokio::test(flavor = "multi_thread")]
async fn who_shares_a_blocked_number_keeps_what_the_row_says() {
    let service = Service::start().await;
    let blocked = json!([{"kind": "phone", "value": SWITCHBOARD}]);
    service.set_policy("blocked_identifiers", blocked).await;
    service
        .set_policy("own_addresses", json!(["us@example.com"]))
        .await;
    let file = format!(
        "External_ID,Email,Phone,Company,Status,Total_Agent_Calls\n\
         e1,,{SWITCHBOARD},Acme,vip,12\n\
         e2,us@example.com,{SWITCHBOARD},Acme,vip,12\n\
         e2,,{SWITCHBOARD},Acme,,\n\
         ,us@example.com,{SWITCHBOARD},Acme,vip,12\n"
    );
    for query in ["dry_run=true", ""] {
        let import = service.import(query, &file).await;
        assert_eq!(counts(&import), [2, 0, 1, 1], "{import}");
        assert_eq!(import["errors"][0]["row"], 4, "{import}");
    }
    for reference in ["external_id:e1", "external_id:e2"] {
        let known = service.known(reference).await.body;
        assert_eq!(known["company"], "Acme", "{known}");
        assert_eq!(
            (&known["status"], &known["total_agent_calls"]),
            (&json!("vip"), &json!(12))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_takes_nobody_elses_identifier_for_its_own() {
    let service = Service::start().await;
    service
        .import("", "Email,Phone\na@example.com,\n,+27821234567\n")
        .await;
    let file = "Email,Phone,Company\n\
                a@example.com,+27821234567,Acme\n\
                ,+27821234567,Acme\n";
    let import = service.import("", file).await;
    assert_eq!(counts(&import), [0, 2, 0, 0], "{import}");
    for reference in ["email:a@example.com", "phone:+27821234567"] {
        let known = service.known(reference).await.body;
        assert_eq!(known["company"], "Acme", "{reference} {known}");
    }
}

/// However many rows are in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_nobody_as_new_whom_an_earlier_row_named() {
    let service = Service::start().await;
    service.import("", "External_ID\nknown\n").await;
    let mut file = "External_ID,Phone,Email\n".to_owned();
    file.push_str("e1,,\ne1,+27821234567,\nknown,,known@example.com\n");
    for row in 0..6_000 {
        file.push_str(&format!("many-{row},,\n"));
    }
    file.push_str(",+27821234567,\n,,known@example.com\ne1,,\n");
    let dry = service.import("dry_run=true", &file).await;
    assert_eq!(counts(&dry)[0], 6_001, "{dry}");
}

/// With `atomic` that is known before anything is written.
#[tokio::test(flavor = "multi_thread")]
async fn times_that_the_ledger_would_refuse_are_wrong_in_themselves() {
    let service = Service::start().await;
    let file = "External_ID,Interaction_Type,Interaction_Date,Last_Agent_Call_Date\n\
                a,call,2024-01-15,\n\
                b,call,2024-06-09,\n\
                c,,,2024-06-09\n";
    service.import("", "External_ID\nsomebody\n").await;
    let head = service.last();
    let atomic = service.import("atomic=true", file).await;
    assert_eq!(
        (&atomic["state"], service.last()),
        (&json!("refused"), head),
        "{atomic}"
    );
    let rules: Vec<_> = atomic["errors"].as_array().unwrap().iter().collect();
    assert_eq!(rules.len(), 2, "{atomic}");
    assert!(
        rules[0]["rule"]
            .as_str()
            .unwrap()
            .starts_with("Interaction_Date must lie")
    );
    let import = service.import("", file).await;
    assert_eq!(counts(&import), [1, 0, 0, 2], "{import}");
}

/// C17. What is held of totals and history has a maximum.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_totals_and_history_of_too_many_is_told_to_come_as_two() {
    let service = Service::start().await;
    let mut file = "External_ID,Total_Agent_Calls,Interaction_Type,Interaction_Date\n".to_owned();
    for row in 0..BALANCE_IDENTIFIERS_MAX {
        file.push_str(&format!("{row},1,,\n"));
    }
    let import = service.import("", &file).await;
    assert_eq!(import["state"], "succeeded", "{import}");
    file.push_str("more,1,,\n");
    let import = service.import("", &file).await;
    assert_eq!(import["state"], "failed", "{import}");
    let reason = import["reason"].as_str().unwrap();
    assert!(reason.contains("as two files"), "{reason}");
    let import = service.import("excludes_history=true", &file).await;
    assert_eq!(import["state"], "succeeded", "{import}");
}
