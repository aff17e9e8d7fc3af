//! Files to begin with.

/// A file with the standard and the seven agent columns, and a custom field (S0-023).
pub fn sample() -> String {
    SAMPLE.to_owned()
}

/// A file with interactions, one a row, which stand at their own dates (S0-027).
pub fn sample_with_history() -> String {
    SAMPLE_WITH_HISTORY.to_owned()
}

const SAMPLE: &str = "\
External_ID,Name,Company,Email,Phone,Status,Total_Agent_Calls,Total_Agent_Emails,Total_Agent_SMS,\
Agent_Call_Duration_Total,Last_Agent_Call_Date,Last_Agent_Interaction_Type,\
Last_Agent_Interaction_Date,Favourite_Colour
opencart:67890,Nora Jacobs,\"Jacobs, Mbeki & Sons\",nora@example.com,+27123456789,vip,12,4,0,90.50,\
2024-01-10,call,2024-01-10,green
opencart:67891,Sipho Dlamini,Dlamini Floors,sipho@example.com,+27215550123,active,3,7,2,8.25,\
2024-01-08T09:15:00Z,email,2024-01-12T14:02:31Z,
,Maria Lopez,,maria@example.com,,,,,,,,,,blue
";

const SAMPLE_WITH_HISTORY: &str = "\
External_ID,Name,Email,Phone,Interaction_Type,Interaction_Date,Direction,Duration_Seconds,Subject,\
Notes,Outcome
opencart:67890,Nora Jacobs,nora@example.com,,call,2024-01-10 09:30:00,outbound,250,Oak floor,\
\"Wants it before Easter, asked for a discount.\",callback requested
opencart:67890,,,,email,2024-01-12T14:02:31Z,inbound,,Re: your offer,We take it.,
opencart:67891,Sipho Dlamini,,+27215550123,sms,2024-01-08,outbound,,,Your order is on its way.,
opencart:67891,,,,meeting,2024-01-09 11:00:00,,3600,Site visit,Measured both rooms.,successful
";
