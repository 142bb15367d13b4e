//! The routers that listeners answer with: which routes stand behind a token, and which apart.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use churn_http::bearer::{self, Token};
use churn_http::problem;

use super::api::Api;
use super::observe::observe;
use super::routes;

/// Who may do what.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The token that requests must bear, if any.
    pub token: Option<Token>,
    /// Metrics and reload have a listener of their own.
    pub admin_apart: bool,
    /// Only this machine reaches the listener with the reload.
    pub admin_is_local: bool,
}

/// What the listeners answer.
#[derive(Debug)]
pub struct Routers {
    /// Predictions.
    pub main: Router,
    /// Metrics and reload, if they are apart.
    pub admin: Option<Router>,
}

impl Api {
    /// Returns the routers of the listeners.
    #[must_use]
    pub fn routers(self: &Arc<Self>, access: &Access) -> Routers {
        let guarded = |router: Router| match &access.token {
            Some(token) => bearer::require(router, token.clone()),
            None => router,
        };
        let observed = |router: Router| {
            problem::dress(router).layer(from_fn_with_state(Arc::clone(self), observe))
        };
        let may_reload = access.token.is_some() || access.admin_is_local;
        let reload = match may_reload {
            true => guarded(routes::reload(self)),
            false => Router::new(),
        };
        let scoring = guarded(routes::scoring(self)).merge(routes::probes(self));
        let (main, admin) = match access.admin_apart {
            true => {
                let admin = routes::metrics(self)
                    .merge(routes::probes(self))
                    .merge(reload);
                (scoring, Some(admin))
            }
            // Whoever may score need not be one who may change the model: so not without a token.
            false if access.token.is_some() => {
                (scoring.merge(routes::metrics(self)).merge(reload), None)
            }
            false => (scoring.merge(routes::metrics(self)), None),
        };
        Routers {
            main: observed(main),
            admin: admin.map(observed),
        }
    }
}
