//! What travels: ids, quantities, time, sealed messages, limits and file forms.
