//! The thresholds of the alert rules: name, default, unit and meaning of each, said once. Settings,
//! their help and the rules are made from it.

/// One threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// The setting: `alerts.thresholds.NAME`.
    pub setting: &'static str,
    /// Its name in the files of rules.
    pub name: &'static str,
    /// The default, as in a settings file.
    pub default: &'static str,
    /// What it counts.
    pub unit: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

macro_rules! thresholds {
    ($($name:ident = $default:literal, $unit:literal, $meaning:literal;)*) => {
        /// From where on something is said.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Thresholds {
            $(#[doc = $meaning] pub $name: f64,)*
        }

        impl Default for Thresholds {
            fn default() -> Self {
                Self { $($name: f64::from($default),)* }
            }
        }

        impl Thresholds {
            /// Every threshold.
            pub const ALL: &[Threshold] = &[$(Threshold {
                setting: concat!("alerts.thresholds.", stringify!($name)),
                name: stringify!($name),
                default: stringify!($default),
                unit: $unit,
                meaning: $meaning,
            },)*];

            /// Returns a threshold by its name.
            #[must_use]
            pub fn get(&self, name: &str) -> Option<f64> {
                match name {
                    $(stringify!($name) => Some(self.$name),)*
                    _ => None,
                }
            }

            /// Sets a threshold by its name, and tells whether there is one of this name.
            pub fn set(&mut self, name: &str, value: f64) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)*
                    _ => return false,
                }
                true
            }
        }
    };
}

thresholds! {
    node_cpu_ratio = 0.85, "ratio, 0 to 1", "share of a node's CPU time in use";
    node_memory_ratio = 0.9, "ratio, 0 to 1", "share of a node's memory in use";
    node_disk_free_ratio = 0.1, "ratio, 0 to 1", "share of a file system that is free";
    volume_free_ratio = 0.1, "ratio, 0 to 1", "share of a volume of ours that is free";
    node_network_error_ratio = 0.01, "ratio, 0 to 1", "share of packets that fail";
    pod_restarts = 3, "restarts an hour", "restarts of a container within an hour";
    container_limit_ratio = 0.9, "ratio, 0 to 1", "share of a container's limit in use";
    serving_error_ratio = 0.05, "ratio, 0 to 1", "share of an InferenceService's answers that are 5xx";
    serving_latency_warning_seconds = 0.5, "seconds", "p95 of an InferenceService that warns";
    serving_latency_critical_seconds = 1, "seconds", "p95 of an InferenceService that is critical";
    api_error_ratio = 0.05, "ratio, 0 to 1", "share of the API's answers that are 5xx";
    api_latency_seconds = 1, "seconds", "p95 of /predict";
    api_slo_ratio = 0.999, "ratio, 0 to 1", "share of predictions that must succeed in 30 days";
    requests_per_second = 0.05, "requests a second", "traffic below which ratios and quantiles say nothing";
    prediction_shift = 0.3, "ratio, 0 to 1", "how far the share of a class may move from the baseline's";
    predictions = 100, "predictions in 30 minutes", "predictions within 30 minutes below which their mix says nothing";
    drift_psi = 0.3, "PSI", "PSI of a feature from which a retrain starts";
    auc_drop = 0.05, "ratio, 0 to 1", "fall of the ROC AUC below the baseline's from which a retrain starts";
    labelled_rows = 200, "rows", "rows with a label below which the ROC AUC says nothing";
    daily_stale_seconds = 93600, "seconds", "age of the last success of a daily job";
    weekly_stale_seconds = 694800, "seconds", "age of the last success of the weekly retrain";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_reached_by_name() {
        let mut thresholds = Thresholds::default();
        for one in Thresholds::ALL {
            assert_eq!(
                thresholds.get(one.name),
                one.default.parse().ok(),
                "{}",
                one.name
            );
            assert!(thresholds.set(one.name, 0.5) && thresholds.get(one.name) == Some(0.5));
        }
        assert!(!thresholds.set("nobody", 1.0));
    }
}
