pub mod books;
mod concurrency;
mod jobs;
mod plan;
mod property;
mod resets;
mod reversal;
mod selection;
mod sound;
