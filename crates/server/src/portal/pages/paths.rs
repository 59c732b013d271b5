//! The portal's addresses: the patterns that the router serves and the links that pages hold.
//!
//! Ids are the typed ids' text, which needs no escaping in an address.

/// The sign-in page, and where its form is sent.
pub const SIGN_IN: &str = "/sign-in";
/// Where the sign-out form is sent.
pub const SIGN_OUT: &str = "/sign-out";
/// All accounts that the person may see.
pub const ACCOUNTS: &str = "/accounts";
/// An account's overview; `?virtual_account=va_…` narrows it.
pub const OVERVIEW: &str = "/accounts/{account}";
/// Open alarms; `?virtual_account=va_…` narrows them.
pub const ALARMS: &str = "/accounts/{account}/alarms";
/// Alarms that settled.
pub const SETTLED_ALARMS: &str = "/accounts/{account}/alarms/settled";
/// The event log; its query filters it.
pub const EVENTS: &str = "/accounts/{account}/events";
/// The same events as a file.
pub const EVENTS_EXPORT: &str = "/accounts/{account}/events/export";
/// A signed checkpoint of the event log.
pub const CHECKPOINT: &str = "/accounts/{account}/events/checkpoint";
/// One pool: a license in a virtual account.
pub const POOL: &str = "/accounts/{account}/pools/{pool}";
/// One product instance.
pub const INSTANCE: &str = "/accounts/{account}/instances/{instance}";
/// ID tokens; a POST makes one.
pub const TOKENS: &str = "/accounts/{account}/tokens";
/// Where a token's revocation is sent.
pub const REVOKE_TOKEN: &str = "/accounts/{account}/tokens/{token}/revoke";

/// Fills the places in a pattern, in order.
pub(crate) fn fill(pattern: &str, ids: &[&str]) -> String {
    let mut out = String::with_capacity(pattern.len() + 32 * ids.len());
    let mut ids = ids.iter();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push_str(ids.next().copied().unwrap_or_default());
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_filled_in_order() {
        assert_eq!(fill(POOL, &["acct_1", "pool_2"]), "/accounts/acct_1/pools/pool_2");
        assert_eq!(
            fill(REVOKE_TOKEN, &["acct_1", "tok_3"]),
            "/accounts/acct_1/tokens/tok_3/revoke"
        );
        assert_eq!(fill(SIGN_IN, &[]), "/sign-in");
    }
}
