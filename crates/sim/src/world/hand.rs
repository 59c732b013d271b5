//! The operator's hand: tokens, grants and definitions. Some requests are sent twice, as a browser
//! does that saw no answer.

use ledger::entitlement::Term;
use ledger::license::Kind;
use ledger::role::Action;
use ledger::token::ExportControlled;
use server::app::catalogue::NewEntitlement;
use server::app::tokens::NewToken;
use wire::quantity::Count;
use wire::time::Span;

use super::begin::{LICENSES, asking, license, tag};
use super::model::{Grant, TokenLine};
use super::scene::Line;
use super::server::complete;
use super::{Stepped, World, Wrong};

/// How often in a thousand a request is sent twice.
const TWICE: u64 = 200;

impl World {
    /// Makes an ID token.
    pub(super) fn make_token(&mut self, place: usize, most: Option<u32>) -> Result<(), Wrong> {
        let place = self.model.places[place].0;
        let ask = asking(Action::ManageTokens, &mut self.fate)?;
        let new = NewToken {
            virtual_account: place,
            description: "for the simulation".to_owned(),
            expires_after_days: 30,
            max_uses: most,
            export_controlled: ExportControlled::NotAllowed,
        };
        let account = self.model.account;
        let shown = complete(self.app()?.create_token(&ask, account, new.clone()))?;
        if self.fate.happens(TWICE) {
            let again = complete(self.app()?.create_token(&ask, account, new))?;
            if again.text != shown.text {
                return Err(Wrong::new("a token that is asked for twice has two texts"));
            }
        }
        let text = shown.text.ok_or_else(|| Wrong::new("a new token has no text"))?;
        let line = TokenLine { text, place, most, uses: 0, is_revoked: false, made_at: self.now };
        self.model.tokens.insert(shown.token.id, line);
        Ok(())
    }

    /// Revokes a token, and makes another one for its place.
    pub(super) fn revoke_token(&mut self) -> Stepped {
        if self.server.app().is_none() {
            return Ok(None);
        }
        let ids: Vec<_> = self.model.tokens.keys().copied().collect();
        let id = *self.fate.pick(&ids);
        let ask = asking(Action::ManageTokens, &mut self.fate)?;
        complete(self.app()?.revoke_token(&ask, self.model.account, id))?;
        let Some(line) = self.model.tokens.get_mut(&id) else { return Ok(None) };
        line.is_revoked = true;
        let (place, most) = (line.place, line.most);
        let name = self.model.place_name(place).to_owned();
        let nth = self.model.places.iter().position(|(one, _)| *one == place).unwrap_or(0);
        self.make_token(nth, most)?;
        Ok(Some(Line::new("desk", format!("revokes a token of {name}"), "another one is made")))
    }

    /// Grants something, for ever or for a term.
    pub(super) fn grant(&mut self) -> Stepped {
        if self.server.app().is_none() {
            return Ok(None);
        }
        let (place, place_name) = self.fate.pick(&self.model.places).clone();
        let name = *self.fate.pick(&LICENSES);
        let quantity = self.fate.between(1, 25);
        let start = self.now.plus(self.fate.span(Span::from_hours(-2), Span::from_minutes(90)));
        let lasts = self.fate.span(Span::from_minutes(10), Span::from_hours(4));
        let (kind, start, end) = match self.fate.below(3) {
            0 => (Kind::Perpetual, start.min(self.now), None),
            _ => (Kind::Subscription, start, Some(start.plus(lasts))),
        };
        let new = NewEntitlement {
            virtual_account: place,
            tag: tag(name),
            quantity: Count::new(quantity.unsigned_abs())?,
            term: Term { start, end },
            kind,
            source: "order 1".to_owned(),
        };
        let ask = asking(Action::GrantEntitlement, &mut self.fate)?;
        let account = self.model.account;
        let made = complete(self.app()?.grant(&ask, account, new.clone()))?;
        if self.fate.happens(TWICE) && complete(self.app()?.grant(&ask, account, new))? != made {
            return Err(Wrong::new("a grant that is asked for twice is not the same lot"));
        }
        self.figures.grants += 1;
        let grant = Grant { id: made.id, place, tag: tag(name), quantity, start, end };
        self.model.grants.push(grant);
        let minutes = |at: wire::time::Timestamp| at.since(self.now).seconds() / 60;
        let term = end.map_or(String::new(), |end| {
            format!(" from {:+} min to {:+} min", minutes(start), minutes(end))
        });
        let what = format!("grants {place_name} {quantity} {name}{term}");
        Ok(Some(Line::new("desk", what, "granted")))
    }

    /// Defines a license that the catalogue does not know, or turns the concern of one that it does.
    pub(super) fn define(&mut self) -> Stepped {
        let Some(app) = self.server.app() else { return Ok(None) };
        let name = *self.fate.pick(&LICENSES);
        let tag = tag(name);
        if !self.model.informational.remove(&tag) {
            self.model.informational.insert(tag.clone());
        }
        let concern = self.model.concern(&tag);
        let ask = asking(Action::DefineLicense, &mut self.fate)?;
        complete(app.define_license(&ask, license(name, concern)))?;
        self.model.defined.insert(tag);
        Ok(Some(Line::new("desk", format!("defines {name}"), concern.word())))
    }
}
