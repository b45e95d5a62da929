//! What proposals may stand on, and what verdicts do, by cases and by properties.
