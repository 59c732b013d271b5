//! What is true: licenses, entitlements, pools, usage, compliance, alarms, roles; no I/O.
