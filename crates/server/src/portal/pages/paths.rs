//! The portal's addresses: the patterns that the router serves and the links that pages hold.
//!
//! Ids are the typed ids' text, which needs no escaping in an address.

/// The sign-in page, and where its form is sent.
pub const SIGN_IN: &str = "/sign-in";
/// Where the sign-out form is sent.
pub const SIGN_OUT: &str = "/sign-out";
/// All accounts that the person may see.
pub const ACCOUNTS: &str = "/accounts";
/// Every component of the pages in every state.
pub const GALLERY: &str = "/gallery";
/// An account's overview; `?virtual_account=va_…` narrows it.
pub const OVERVIEW: &str = "/accounts/{account}";
/// What in an account is called so.
pub const SEARCH: &str = "/accounts/{account}/search";
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
/// The licenses; its query narrows, sorts and chooses columns.
pub const LICENSES: &str = "/accounts/{account}/licenses";
/// The same licenses as a file.
pub const LICENSES_EXPORT: &str = "/accounts/{account}/licenses/export";
/// The product instances; its query narrows, sorts and chooses columns.
pub const INSTANCES: &str = "/accounts/{account}/instances";
/// The same product instances as a file.
pub const INSTANCES_EXPORT: &str = "/accounts/{account}/instances/export";
/// One pool: a license in a virtual account.
pub const POOL: &str = "/accounts/{account}/pools/{pool}";
/// One product instance.
pub const INSTANCE: &str = "/accounts/{account}/instances/{instance}";
/// Moves product instances: what to move is pasted or chosen, looked at, then done.
pub const MOVE_INSTANCES: &str = "/accounts/{account}/instances/move";
/// Removes product instances, in the same steps.
pub const REMOVE_INSTANCES: &str = "/accounts/{account}/instances/remove";
/// Keeps product instances that were removed and report again, in the same steps.
pub const KEEP_INSTANCES: &str = "/accounts/{account}/instances/keep";
/// ID tokens; a POST makes one.
pub const TOKENS: &str = "/accounts/{account}/tokens";
/// Where a token's revocation is sent.
pub const REVOKE_TOKEN: &str = "/accounts/{account}/tokens/{token}/revoke";
/// Who has which role in an account; a POST grants one.
pub const PEOPLE: &str = "/accounts/{account}/people";
/// Asks before a role is ended; a POST ends it.
pub const END_ROLE: &str = "/accounts/{account}/people/{grant}/end";
/// Where a new invitation is asked for.
pub const INVITE: &str = "/accounts/{account}/people/{grant}/invite";
/// Where a request for access is decided.
pub const DECIDE: &str = "/accounts/{account}/access-requests/{request}/decide";
/// An account's properties; a POST changes them.
pub const PROPERTIES: &str = "/accounts/{account}/properties";
/// Where an account of limited use is made a full one.
pub const UPGRADE: &str = "/accounts/{account}/properties/upgrade";
/// Where the terms are accepted.
pub const ACCEPT_TERMS: &str = "/accounts/{account}/properties/terms";
/// Virtual accounts; a POST makes one.
pub const VIRTUAL_ACCOUNTS: &str = "/accounts/{account}/virtual-accounts";
/// One virtual account; a POST changes it.
pub const VIRTUAL_ACCOUNT: &str = "/accounts/{account}/virtual-accounts/{virtual_account}";
/// Asks before a virtual account is archived; a POST archives it.
pub const ARCHIVE: &str = "/accounts/{account}/virtual-accounts/{virtual_account}/archive";
/// Where an archived virtual account is taken back into use.
pub const RESTORE: &str = "/accounts/{account}/virtual-accounts/{virtual_account}/restore";
/// API clients; a POST makes one.
pub const API_CLIENTS: &str = "/accounts/{account}/api-clients";
/// Where one more secret of a client is made.
pub const MORE_SECRETS: &str = "/accounts/{account}/api-clients/{api_client}/secrets";
/// Asks before a client or a secret is revoked; a POST revokes it.
pub const REVOKE_CLIENT: &str = "/accounts/{account}/api-clients/{api_client}/revoke";
/// Asks support why it looks into an account; a POST lets it.
pub const SEE_AS: &str = "/accounts/{account}/see-as-customer";
/// Where support stops looking.
pub const STOP_SEEING: &str = "/accounts/{account}/see-as-customer/end";
/// Makes an account.
pub const NEW_ACCOUNT: &str = "/accounts/new";
/// Everybody, for an operator.
pub const EVERYBODY: &str = "/people";
/// One person; a POST keeps them out or lets them in again.
pub const PERSON: &str = "/people/{person}";
/// The vendor's own roles; a POST grants one.
pub const HOUSE_ROLES: &str = "/grants";
/// Asks before one of them is ended; a POST ends it.
pub const END_HOUSE_ROLE: &str = "/grants/{grant}/end";
/// Where a new invitation to one of them is asked for.
pub const INVITE_HOUSE: &str = "/grants/{grant}/invite";
/// The terms; a POST shows or publishes a version.
pub const TERMS: &str = "/terms";
/// The page that asks for the second factor, and where its forms are sent.
pub const SECOND_FACTOR: &str = "/second-factor";
/// Where a passkey that signs in alone is sent.
pub const PASSKEY: &str = "/sign-in-by-passkey";
/// Leads to an identity provider.
pub const PROVIDER: &str = "/sign-in/{provider}";
/// Where an identity provider sends people back to.
pub const PROVIDER_ANSWER: &str = "/sign-in/{provider}/answer";
/// Asking for a link to a new password.
pub const FORGOTTEN: &str = "/forgotten";
/// The link of an invitation.
pub const INVITATION: &str = "/invitation/{word}";
/// The link to a new password.
pub const NEW_PASSWORD: &str = "/new-password/{word}";
/// The link to an account's approval.
pub const APPROVAL: &str = "/approval/{word}";
/// A person's own page.
pub const ME: &str = "/me";
/// Where access to an account is asked for.
pub const MY_ACCESS: &str = "/me/access";
/// Where an account is asked for.
pub const MY_ACCOUNTS: &str = "/me/accounts";
/// How a person signs in.
pub const MY_SIGN_IN: &str = "/me/sign-in";
/// Where a new password is sent.
pub const MY_PASSWORD: &str = "/me/password";
/// Setting an authenticator app.
pub const MY_AUTHENTICATOR: &str = "/me/authenticator";
/// Where the authenticator app's removal is sent.
pub const REMOVE_AUTHENTICATOR: &str = "/me/authenticator/remove";
/// Where new recovery codes are asked for.
pub const MY_RECOVERY: &str = "/me/recovery-codes";
/// Where a new passkey is sent.
pub const MY_PASSKEYS: &str = "/me/passkeys";
/// Where a passkey's removal is sent.
pub const REMOVE_PASSKEY: &str = "/me/passkeys/{passkey}/remove";
/// Where an identity provider is asked to be added.
pub const ADD_PROVIDER: &str = "/me/providers/{provider}/add";
/// Where an identity provider's removal is sent.
pub const REMOVE_PROVIDER: &str = "/me/providers/remove";
/// Where a person is signed in.
pub const MY_SESSIONS: &str = "/me/sessions";
/// Where the end of a session is sent.
pub const END_SESSION: &str = "/me/sessions/{session}/end";
/// Where the end of all other sessions is sent.
pub const END_OTHER_SESSIONS: &str = "/me/end-other-sessions";
/// A person's API tokens; a POST makes one.
pub const MY_TOKENS: &str = "/me/tokens";
/// Where a personal token's revocation is sent.
pub const REVOKE_MY_TOKEN: &str = "/me/tokens/{token}/revoke";
/// Showing again who it is.
pub const PROVE: &str = "/me/prove";
/// Where an identity provider is asked to vouch again.
pub const PROVE_BY_PROVIDER: &str = "/me/prove/{provider}";

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
