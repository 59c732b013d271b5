//! How ids and tags are described; the types themselves are in `wire`, which knows no OpenAPI.

use std::borrow::Cow;

use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! ids {
    ($($name:ident, $prefix:literal, $what:literal;)+) => { $(
        #[doc = concat!("The id of ", $what, ".")]
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-9A-HJKMNP-TV-Z]{26}$")))
                    .description(Some(concat!("The id of ", $what, ".")))
                    .examples([concat!($prefix, "_01JQ8R2M5TC6V7W8X9Y0Z1A2B3")])
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+ };
}

ids! {
    AccountId, "acct", "an account";
    VirtualAccountId, "va", "a virtual account";
    InstanceId, "pi", "a product instance";
    LicenseId, "lic", "a license definition";
    EntitlementId, "ent", "an entitlement";
    PoolId, "pool", "a pool";
    AlarmId, "alarm", "an alarm";
    TokenId, "tok", "an ID token";
    EventId, "ev", "an event";
    KeyId, "key", "a device's key";
    PersonId, "person", "a person";
    GrantId, "grant", "the grant of a role";
    AccessRequestId, "areq", "a request for access";
    ApiTokenId, "apit", "an API token or client";
}

/// The name under which devices report a license.
pub(super) struct EntitlementTag;

impl PartialSchema for EntitlementTag {
    fn schema() -> RefOr<Schema> {
        let example = "regid.2017-03.com.cisco.advantagek9-Nyquist-C9300,\
                       1.0_f1563759-2e03-4a4c-bec5-5feec525a12c";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[!-~]{1,255}$"))
            .description(Some("The name under which devices report a license."))
            .examples([example])
            .into()
    }
}

impl ToSchema for EntitlementTag {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("EntitlementTag")
    }
}

/// How many rows a page has at most.
pub(super) struct Limit;

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(500))
            .default(Some(50.into()))
            .into()
    }
}

impl ToSchema for Limit {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Limit")
    }
}
