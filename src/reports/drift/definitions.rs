//! What every statistic of the page means, with its formula. The code that computes them is in
//! `stats/` and `drift/`.

/// A statistic: name, formula (may be empty), and in words how to read it.
pub(super) type Definition = (&'static str, &'static str, &'static str);

/// The statistics, under the names that the page uses.
pub(super) const ALL: &[Definition] = &[
    (
        "Shares",
        "pᵢ = (cᵢ + 0.5) / (n + 0.5 B)",
        "p is the baseline, q the current side; cᵢ of n rows fall in bin i of B. Smoothed like \
         this for PSI, Kullback-Leibler and Jensen-Shannon, so that an empty bin costs what the \
         number of rows warrants; plain cᵢ / n everywhere else and in the plots.",
    ),
    (
        "Bins",
        "",
        "Numbers: the deciles of the baseline, open at both ends; a value that holds over a tenth \
         of the rows is a bin of its own, and so is every value where there are at most 20. Texts: \
         one bin a category. Missing values are not a bin.",
    ),
    (
        "PSI",
        "Σ (qᵢ − pᵢ) · ln(qᵢ / pᵢ)",
        "Population stability index. 0 means the same distribution; 0.1 and 0.25 are the usual \
         limits.",
    ),
    (
        "Noise limit of PSI",
        "χ²(B − 1; 1 − 0.05 / tests) · (1/n_baseline + 1/n_current)",
        "PSI that chance alone exceeds in one check of twenty at most, in any of its tests: eight a \
         feature. A PSI below it is not judged; a feature whose limit lies above the PSI that fails \
         has too few rows to tell.",
    ),
    (
        "Chance of the bins",
        "P(χ² of the permuted rows ≥ χ² observed)",
        "How likely chance alone makes the bins differ as much, all rows of both sides together \
         given. Bins with fewer than five expected rows are taken together.",
    ),
    (
        "PSI of missing",
        "PSI over two bins: missing, present",
        "Judged by the same limits as PSI.",
    ),
    (
        "Kolmogorov-Smirnov D",
        "max |F_baseline(x) − F_current(x)|",
        "Largest gap between the two cumulative distributions, 0 to 1; p is the asymptotic \
         two-sided p-value. With ± the figure comes from a fine grid and lies within that bound.",
    ),
    (
        "Wasserstein distance, winsorised",
        "∫ |F_baseline(x) − F_current(x)| dx / σ_baseline",
        "How far the values moved on average, in standard deviations (SD) of the baseline. \
         Winsorised: with both sides cut off at the baseline's first and last hundredth, so that a \
         few values far away hide no shift.",
    ),
    (
        "Jensen-Shannon distance",
        "√(½ KL₂(p ‖ m) + ½ KL₂(q ‖ m)), m = ½ (p + q)",
        "0 to 1, with logarithms of base 2.",
    ),
    ("Hellinger distance", "√(1 − Σ √(pᵢ qᵢ))", "0 to 1."),
    (
        "Kullback-Leibler divergence",
        "Σ qᵢ · ln(qᵢ / pᵢ)",
        "Of the current side from the baseline, in nats.",
    ),
    (
        "Chi-square",
        "Σ (observed − expected)² / expected",
        "Pearson's statistic of the table of side by category, without continuity correction; df are its degrees of freedom.",
    ),
    (
        "Cramér's V",
        "√(χ² / n) of the table of two rows",
        "Strength of the association of side and category, 0 to 1, whatever the rows.",
    ),
    (
        "L-infinity distance",
        "max |qᵢ − pᵢ|",
        "Largest change of a share.",
    ),
    (
        "Total variation distance",
        "½ Σ |qᵢ − pᵢ|",
        "Share of the rows that would have to change their category.",
    ),
    (
        "ROC AUC",
        "P(score of a churned row > score of a stayed row)",
        "0.5 is chance, 1 is perfect; ties count half.",
    ),
    (
        "Average precision",
        "Σ (Rₖ − Rₖ₋₁) · Pₖ",
        "Step-wise area under the curve of precision over recall.",
    ),
    (
        "Log loss",
        "−mean(y ln s + (1 − y) ln(1 − s))",
        "For label y and score s, in nats. Lower is better.",
    ),
    (
        "Brier score, RMSE",
        "mean((s − y)²) and its root",
        "Squared error of the probability. Lower is better.",
    ),
    (
        "Calibration error",
        "Σ (nₖ / n) · |mean score − share churned| over ten bins of equal width",
        "How far scores are from the shares they promise. Lower is better.",
    ),
    (
        "Calibration in the large, calibration slope",
        "logit P(churn) = a + b · logit(score)",
        "a with b held at 1: log-odds that all scores are too low by, 0 if as many churn as they say. \
         b: 1 if the log-odds of churn rise as those of the score do, less if scores are too extreme.",
    ),
    (
        "Accuracy, precision, recall, specificity, F1, MCC",
        "",
        "From the rows by label and class, where a score at or above the threshold is classed as \
         churned. F1 = 2PR / (P + R); MCC is Matthews' correlation coefficient.",
    ),
    ("Intervals", "", "[low, high] is a 95 % interval."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::drift::{performance, sample, statistics, verdict};

    #[test]
    fn every_statistic_of_the_page_is_defined() {
        let defined = |name: &str| {
            ALL.iter()
                .any(|(known, _, _)| known.to_lowercase().contains(&name.to_lowercase()))
        };
        let report = sample::failing();
        for feature in &report.features {
            let limits = verdict::limits(&report, &feature.feature);
            for (name, _) in statistics::compared(feature, limits) {
                let says_it_all = ["Limits of", "Below the", "Above the", "Unseen", "Lost"];
                assert!(
                    defined(name) || says_it_all.iter().any(|start| name.starts_with(start)),
                    "{name} has no definition"
                );
            }
        }
        for figure in performance::figures(&report.performance.expect("has one")) {
            assert!(defined(figure.name), "{} has no definition", figure.name);
        }
    }
}
