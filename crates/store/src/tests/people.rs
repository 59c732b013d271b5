//! Rows of people go through the page to the tables and come back the same, on both engines.

use std::collections::BTreeSet;

use ledger::Page;
use ledger::house::HOUSE;
use ledger::page::Want;
use ledger::person::{
    AccessRequest, AccessState, ApiToken, ApiTokenKind, Area, Bounds, Credentials, DateForm, Grant,
    Letter, Link, LinkPurpose, Passkey, Person, PersonState, Preferences, ProviderLink, Strength,
    Terms, Theme, Totp,
};
use ledger::posting::{Effect, Posting};
use ledger::role::Role;
use wire::id::{
    AccessRequestId, AccountId, ApiTokenId, GrantId, MessageId, PersonId, VirtualAccountId,
};
use wire::time::Timestamp;

use super::Bare;
use crate::outbox::Posted;
use crate::record::Record;
use crate::rows::{Rewrite, Salts, anchor_of, changes, learn, target};
use crate::value::Value;

const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const ANN: PersonId = PersonId::from_bytes([2; 16]);
const PLACE: VirtualAccountId = VirtualAccountId::from_bytes([3; 16]);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_750_000_000 + seconds)
}

fn person() -> Person {
    let totp = Totp { sealed: vec![1, 0, 255], last_step: u64::MAX };
    let passkey = Passkey {
        id: vec![9; 40],
        name: "Ann's key".to_owned(),
        data: "{}".to_owned(),
        added_at: 5,
    };
    Person {
        id: ANN,
        email: "Ann.\u{c9}@Customer.example".to_owned(),
        name: "Ann".to_owned(),
        state: PersonState::Active,
        preferences: Preferences {
            zone: "Europe/Oslo".to_owned(),
            theme: Theme::Dark,
            dates: DateForm::Iso,
        },
        credentials: Credentials {
            version: 7,
            password: Some("$argon2id$".to_owned()),
            totp: Some(totp),
            recovery: vec![4; 64],
            passkeys: vec![passkey],
            void_before: Some(6),
            providers: vec![ProviderLink {
                issuer: "https://id.example".to_owned(),
                subject: "ann".to_owned(),
                added_at: 7,
            }],
            strength: Strength::BesideSecondFactor,
        },
        created_at: at(0),
    }
}

fn grant(id: u8, virtual_account: Option<VirtualAccountId>) -> Grant {
    Grant {
        account: ACCOUNT,
        id: GrantId::from_bytes([id; 16]),
        person: ANN,
        email: "Ann@Customer.example".to_owned(),
        role: if virtual_account.is_some() { Role::VirtualUser } else { Role::Approver },
        virtual_account,
        granted_by: "host command line".to_owned(),
        granted_at: at(1),
        ends_at: virtual_account.map(|_| at(2)),
        ended_at: None,
    }
}

fn link() -> Link {
    Link {
        hash: [5; 32],
        purpose: LinkPurpose::Approval,
        person: ANN,
        account: ACCOUNT,
        credentials_version: 7,
        made_at: at(3),
        expires_at: at(4),
        used_at: Some(at(5)),
    }
}

fn access_request() -> AccessRequest {
    AccessRequest {
        account: ACCOUNT,
        id: AccessRequestId::from_bytes([6; 16]),
        person: ANN,
        email: "ann@customer.example".to_owned(),
        role: Role::VirtualViewer,
        virtual_account: Some(PLACE),
        message: "please".to_owned(),
        state: AccessState::Declined,
        asked_at: at(6),
        decided_at: Some(at(7)),
        decided_by: "somebody".to_owned(),
    }
}

fn api_token() -> ApiToken {
    ApiToken {
        hash: [7; 32],
        id: ApiTokenId::from_bytes([8; 16]),
        kind: ApiTokenKind::ClientSecret,
        person: ANN,
        account: HOUSE,
        name: "scripts".to_owned(),
        bounds: Bounds::Only(BTreeSet::from([Area::Read, Area::People])),
        made_at: at(8),
        expires_at: at(9),
        revoked_at: None,
    }
}

fn terms() -> Terms {
    Terms {
        version: 3,
        title: "Agreement".to_owned(),
        text: "Be fair.".to_owned(),
        published_at: at(10),
    }
}

fn letter() -> Letter {
    Letter {
        account: ACCOUNT,
        id: MessageId::from_bytes([9; 16]),
        to: "ann@customer.example".to_owned(),
        subject: "An invitation".to_owned(),
        sealed_text: vec![0, 1, 2],
        queued_at: at(11),
    }
}

fn posting() -> Posting {
    Posting {
        effects: vec![
            Effect::Person(Box::new(person())),
            Effect::Grant(grant(1, None)),
            Effect::Grant(grant(2, Some(PLACE))),
            Effect::Link(link()),
            Effect::AccessRequest(access_request()),
            Effect::ApiToken(api_token()),
            Effect::Terms(terms()),
            Effect::Letter(letter()),
        ],
    }
}

#[test]
fn rows_of_people_come_back_as_they_were_put() {
    for mut bare in Bare::all() {
        let engine = bare.engine();
        let mut written = Page::default();
        written.turn(posting());
        engine.begin().expect("it begins");
        let all = changes(&written, &[], Rewrite::Whole, &Salts([0; 32]));
        engine.finish(&all).expect("it is written");

        let wants = [
            Want::Person(ANN),
            Want::Grants(ACCOUNT),
            Want::Link([5; 32]),
            Want::AccessRequest(ACCOUNT, AccessRequestId::from_bytes([6; 16])),
            Want::ApiToken([7; 32]),
            Want::Terms(3),
        ];
        let mut page = Page::default();
        engine.begin().expect("it begins");
        for want in wants {
            for (table, rows) in engine.read(&[target(&want)]).expect("it is read") {
                learn(&mut page, table, rows).expect("rows of this version");
            }
            page.note_read(want);
        }
        let sql = "SELECT account_id, message_id, recipient, subject, sealed_text, queued_at, \
                   attempts, due_at, done_at, last_error FROM letter";
        let letters = engine.query(sql, &[]).expect("it is read");
        engine.rollback();
        assert_eq!(page.people.changed().count(), 0, "what is read is not changed");
        let known = "the page has read it";
        assert_eq!(
            page.grants_of(ACCOUNT).expect(known),
            [&grant(1, None), &grant(2, Some(PLACE))]
        );
        assert_eq!(page.link([5; 32]).expect(known), Some(&link()));
        let asked = AccessRequestId::from_bytes([6; 16]);
        assert_eq!(page.access_request(ACCOUNT, asked).expect(known), Some(&access_request()));
        assert_eq!(page.api_token([7; 32]).expect(known), Some(&api_token()));
        assert_eq!(page.terms_of(3).expect(known), Some(&terms()));
        assert_eq!(page.person(ANN).expect(known), Some(&person()));
        let [values]: [Vec<Value>; 1] = letters.try_into().expect("one letter");
        assert_eq!(Posted::from_values(0, values).expect("a letter"), Posted::new(letter()));
    }
}

#[test]
fn what_a_right_rests_on_is_read_under_its_account() {
    let id = GrantId::from_bytes([1; 16]);
    for want in [Want::Grant(ACCOUNT, id), Want::Grants(ACCOUNT)] {
        assert_eq!(anchor_of(&want), Some(Want::HeldAccount(ACCOUNT)));
    }
}
