//! The learners and the scorer against the bars of a real table, IBM's Telco customers.
#![cfg(test)]

use churn_base::progress::Silent;
use churn_data::{DataSet, ReadOptions};
use churn_drift::stats::classification::{Performance, ScoredCell, performance};

use super::artifact::{Calibration, Feature, Model, TreeArrays};
use super::encode::fit_features;
use super::frame::{Column, Frame, WantedColumn};
use super::importance::permutation_importance;
use super::learner::{Fitted, Learner, log_loss, logistic};
use super::logistic::Logistic;
use super::score::{Input, Scorer};
use super::training_set::TrainingSet;
use super::trees::Trees;

/// Train, validation and test, one behind another.
struct Telco {
    frame: Frame,
    labels: Vec<bool>,
    train: Vec<u32>,
    validation: Vec<u32>,
    test: Vec<u32>,
    features: Vec<Feature>,
}

fn telco() -> Telco {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data");
    let files = ["train", "valid", "test"].map(|part| format!("{folder}/telco_{part}.csv.gz"));
    let data = DataSet::open(&files, ReadOptions::default()).expect("open");
    let wanted: Vec<WantedColumn> = data.columns().iter().map(WantedColumn::new).collect();
    let (frame, ..) = Frame::read(data, &wanted, &Silent).expect("read");
    let label = frame.column("churn").expect("a label");
    let labels = (0..frame.rows).map(|row| label.text(row).as_deref() == Some("Yes"));
    let mut telco = Telco {
        labels: labels.collect(),
        train: (0..4930).collect(),
        validation: (4930..5986).collect(),
        test: (5986..7043).collect(),
        features: Vec::new(),
        frame,
    };
    let names = &telco.frame.names[1..];
    telco.features = fit_features(&telco.set(&telco.train), names);
    telco
}

impl Telco {
    fn set<'a>(&'a self, rows: &'a [u32]) -> TrainingSet<'a> {
        TrainingSet {
            frame: &self.frame,
            labels: &self.labels,
            rows,
        }
    }

    fn fit(&self, learner: &dyn Learner) -> Fitted {
        let (train, validation) = (self.set(&self.train), self.set(&self.validation));
        learner
            .fit(&self.features, &train, &validation, &Silent)
            .expect("fits")
    }

    fn scorer(&self, model: &Model) -> Scorer {
        Scorer::of(&self.features, model, &Calibration::None).expect("a good model")
    }

    fn on_test(&self, model: &Model) -> Performance {
        let scores = self
            .scorer(model)
            .scores_of(&self.frame, &self.test, 2)
            .expect("scores");
        let cells: Vec<ScoredCell> = scores
            .iter()
            .zip(self.set(&self.test).targets())
            .map(|(&score, churned)| ScoredCell {
                score,
                positives: u64::from(churned),
                negatives: u64::from(!churned),
            })
            .collect();
        performance(&cells, 0.5)
    }
}

fn trees(threads: usize) -> Trees {
    Trees {
        threads,
        ..Trees::shallow(42)
    }
}

fn linear(threads: usize) -> Logistic {
    Logistic { l2: None, threads }
}

#[test]
fn both_learners_are_as_good_as_scikit_learn() {
    // LogisticRegression of scikit-learn on the same split: ROC AUC .8509, average precision
    // .6700, log loss .4111. The bars leave room for rounding, not for mistakes.
    let telco = telco();
    for learner in [&linear(2) as &dyn Learner, &trees(2)] {
        let fitted = telco.fit(learner);
        let figures = telco.on_test(&fitted.model);
        let value = |figure: Option<churn_drift::stats::classification::Estimate>| {
            figure.expect("both classes").value
        };
        let name = learner.name();
        assert!(
            value(figures.roc_auc) >= 0.845,
            "{name}: {:?}",
            figures.roc_auc
        );
        assert!(value(figures.average_precision) >= 0.66, "{name}");
        assert!(
            value(figures.log_loss) <= 0.415,
            "{name}: {:?}",
            figures.log_loss
        );
    }
}

#[test]
fn a_model_is_the_same_for_any_number_of_threads() {
    let telco = telco();
    assert_eq!(telco.fit(&linear(1)), telco.fit(&linear(3)));
    assert_eq!(telco.fit(&trees(1)), telco.fit(&trees(2)));
    assert_eq!(telco.fit(&trees(2)), telco.fit(&trees(2)));
}

#[test]
fn the_validation_loss_is_that_of_the_model() {
    let telco = telco();
    let set = telco.set(&telco.validation);
    for learner in [&linear(1) as &dyn Learner, &trees(1)] {
        let fitted = telco.fit(learner);
        let scorer = telco.scorer(&fitted.model);
        let log_odds = scorer
            .log_odds_of(&telco.frame, set.rows, 1)
            .expect("scores");
        let loss = log_loss(&log_odds, set.targets());
        let said = fitted.validation_log_loss;
        assert!(
            (loss - said).abs() < 1e-9,
            "{}: {loss} {said}",
            learner.name()
        );
    }
}

#[test]
fn contributions_add_up_to_the_log_odds() {
    let telco = telco();
    for learner in [&linear(1) as &dyn Learner, &trees(1)] {
        let scorer = telco.scorer(&telco.fit(learner).model);
        let mut sums = vec![0.0; telco.features.len() + 1];
        for &row in &telco.train {
            let cells = scorer.cells_of(&telco.frame, row).expect("cells");
            let explanation = scorer.explain(&cells);
            let log_odds = scorer.log_odds(&cells);
            assert!((explanation.log_odds() - log_odds).abs() < 1e-9);
            sums[0] += explanation.base;
            for (sum, part) in sums[1..].iter_mut().zip(&explanation.contributions) {
                *sum += part;
            }
        }
        // Over the training rows the linear model's contributions are nothing on average, but
        // for the few missing values, which are not part of a mean.
        if learner.name() == "logistic" {
            let charges = telco.features.len();
            assert_eq!(telco.features[charges - 1].name, "total_charges");
            let most = sums[1..charges]
                .iter()
                .fold(0.0_f64, |most, sum| most.max(sum.abs()));
            assert!(most / 4930.0 < 1e-9, "{sums:?}");
        }
    }
}

#[test]
fn contract_and_tenure_are_worth_most_and_gender_nothing() {
    let telco = telco();
    for learner in [&linear(1) as &dyn Learner, &trees(1)] {
        let scorer = telco.scorer(&telco.fit(learner).model);
        let of = |threads| {
            let set = telco.set(&telco.validation);
            permutation_importance(&scorer, &set, 7, threads).expect("importance")
        };
        let importance = of(2);
        assert_eq!(importance, of(1));
        let rank = |name: &str| {
            let found = importance.iter().position(|own| own.feature == name);
            found.expect("a feature")
        };
        let name = learner.name();
        assert!(rank("tenure") < 4, "{name}: {importance:?}");
        assert!(rank("contract") < 5, "{name}: {importance:?}");
        assert!(
            importance[rank("female")].log_loss_increase.abs() < 0.002,
            "{name}"
        );
        assert!(importance[0].roc_auc_decrease > 0.005, "{name}");
    }
}

#[test]
fn texts_numbers_and_fields_give_the_same_cells() {
    let telco = telco();
    let scorer = telco.scorer(&telco.fit(&linear(1)).model);
    let position = |name: &str| {
        let found = telco
            .features
            .iter()
            .position(|feature| feature.name == name);
        found.expect("a feature")
    };
    let (contract, tenure) = (position("contract"), position("tenure"));
    let of = |feature, text: &str| scorer.cell_of_field(feature, text.as_bytes());
    assert_eq!(of(contract, "Month-to-month"), Ok(0.0));
    assert_eq!(
        scorer.cell(contract, Input::Text("Month-to-month")),
        Ok(0.0)
    );
    // Three levels, so the fourth is what training never saw.
    assert_eq!(of(contract, "Ten years"), Ok(3.0));
    assert_eq!(scorer.cell(contract, Input::Number(3.5)), Ok(3.0));
    assert!(of(contract, "").expect("missing").is_nan());
    assert_eq!(of(tenure, " 12.0 "), Ok(12.0));
    assert!(of(tenure, "inf").expect("missing").is_nan());
    let error = of(tenure, "a year").expect_err("a text");
    let said = "\"tenure\" is a number in training, here it is \"a year\"";
    assert_eq!(error.to_string(), said);
    assert!(scorer.cell(tenure, Input::Text("12")).is_err());
    let mut texts = telco.frame.clone();
    texts.columns[5] = Column::Categories {
        codes: vec![0; texts.rows],
        levels: vec!["a year".into()],
    };
    let error = scorer.log_odds_of(&texts, &[0], 1).expect_err("texts");
    assert_eq!(error.to_string(), said);
}

#[test]
fn calibration_bends_the_log_odds() {
    let telco = telco();
    let model = telco.fit(&linear(1)).model;
    let scorer = |calibration| {
        Scorer::of(&telco.features, &model, &calibration).expect("a good calibration")
    };
    let platt = scorer(Calibration::Platt {
        slope: 2.0,
        intercept: -1.0,
    });
    assert_eq!(platt.calibrated(0.5), 0.5);
    let isotonic = scorer(Calibration::Isotonic {
        log_odds: vec![-1.0, 1.0],
        probability: vec![0.1, 0.5],
    });
    for (z, score) in [(-9.0, 0.1), (-1.0, 0.1), (0.0, 0.3), (1.0, 0.5), (9.0, 0.5)] {
        assert!((isotonic.calibrated(z) - score).abs() < 1e-15);
    }
    let upside_down = Calibration::Isotonic {
        log_odds: vec![1.0, -1.0],
        probability: vec![0.1, 0.5],
    };
    assert!(Scorer::of(&telco.features, &model, &upside_down).is_err());
    assert_eq!(scorer(Calibration::None).calibrated(1.0), logistic(1.0));
}

#[test]
fn one_class_alone_is_refused() {
    let telco = telco();
    let none: Vec<u32> = telco
        .train
        .iter()
        .copied()
        .filter(|row| !telco.labels[*row as usize])
        .collect();
    for learner in [&linear(1) as &dyn Learner, &trees(1)] {
        let (train, validation) = (telco.set(&none), telco.set(&telco.validation));
        let error = learner
            .fit(&telco.features, &train, &validation, &Silent)
            .expect_err("one class");
        assert!(error.to_string().contains("needs both classes"));
    }
}

#[test]
fn a_broken_model_is_no_scorer() {
    let telco = telco();
    let good = telco.fit(&trees(1)).model;
    type Break = fn(&mut Model);
    let faults: [Break; 5] = [
        |model| with_trees(model, |left, _, _| left[0] = 0),
        |model| with_trees(model, |left, _, _| left[0] = u32::MAX),
        |model| with_trees(model, |_, threshold, _| threshold[0] = f64::NAN),
        |model| with_trees(model, |_, threshold, _| threshold.truncate(3)),
        |model| with_trees(model, |_, _, roots| roots[0] = u32::MAX),
    ];
    for (number, fault) in faults.iter().enumerate() {
        let mut model = good.clone();
        fault(&mut model);
        let scorer = Scorer::of(&telco.features, &model, &Calibration::None);
        assert!(scorer.is_err(), "fault {number}");
    }
}

fn with_trees(model: &mut Model, change: impl Fn(&mut Vec<u32>, &mut Vec<f64>, &mut Vec<u32>)) {
    if let Model::Trees(TreeArrays {
        left,
        threshold,
        roots,
        ..
    }) = model
    {
        change(left, threshold, roots);
    }
}
