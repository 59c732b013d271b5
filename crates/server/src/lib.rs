//! What is offered: use cases, API, portal, jobs, configuration.
