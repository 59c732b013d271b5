//! What the crate promises to those outside it. Rules of single modules are tested beside them.

mod carriers;
mod codes;
mod cose_library;
mod fixtures;
mod hostile_files;
mod hostile_reports;
mod hostile_seals;
mod outside_reader;
mod properties;
mod sample;
mod sealing;
mod vectors;
