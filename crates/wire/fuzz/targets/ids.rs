//! Ids, keys' names, tags and times.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::id::{InstanceId, PoolId};
use wire::key::{KeyId, Realm};
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<PoolId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(text.parse::<InstanceId>().is_err());
    }
    if let Ok(id) = text.parse::<KeyId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    if let Ok(realm) = text.parse::<Realm>() {
        assert_eq!(realm.to_string().parse(), Ok(realm));
    }
    if let Ok(tag) = text.parse::<EntitlementTag>() {
        assert!(text.contains(tag.short_name()));
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        assert_eq!(time.to_string().parse(), Ok(time));
    }
});
