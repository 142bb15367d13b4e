# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_churnctl_global_optspecs
    string join \n config= format= json color= v/verbose q/quiet log-format= h/help V/version
end

function __fish_churnctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_churnctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_churnctl_using_subcommand
    set -l cmd (__fish_churnctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c churnctl -n "__fish_churnctl_needs_command" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_needs_command" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_needs_command" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_needs_command" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_needs_command" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_needs_command" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_needs_command" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_needs_command" -s V -l version -d 'Print version'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "demo" -d 'Show what churnctl does, on real customers, in ten seconds'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "init" -d 'Look at your data, and write settings and a baseline profile'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "train" -d 'Train a model, and promote it if it is better than the one in production'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "score" -d 'Score a table with a model'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "serve" -d 'Serve predictions over HTTP'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "drift" -d 'Compare current data with a baseline; exit code 2 if it drifted'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "profile" -d 'Sum up a data set in a profile that later checks compare with'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "sign" -d 'Sign models, profiles and reports'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "verify" -d 'Verify that models, profiles and reports are signed by a key that you trust; exit code 2 if not'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "mlflow" -d 'Runs that MLflow\'s tracking server does not have yet'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "model" -d 'Models of other frameworks, and the registry at a glance'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "promote" -d 'Compare a trained model with the one in production, and promote it if it is better'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "kfp" -d 'Steps of the pipeline that `render-manifests --only kfp` writes'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "render-manifests" -d 'Render the deployment: every Kubernetes object, alert rule and dashboard'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "retrain" -d 'Retrain on Kubernetes, by hand or by alert, exactly once; or ask first whether it is worth it'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "doctor" -d 'Check the wiring between the churn system and its monitoring'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "push-metrics" -d 'Push metrics of a short job to a Pushgateway; run a job and push how it went'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "alerts" -d 'List, check, prove and look back at alerting rules'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "metrics" -d 'The metrics of this program'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "config" -d 'Look at the settings'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "man" -d 'Print the man page of a command'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "version" -d 'Print version, commit and platform'
complete -c churnctl -n "__fish_churnctl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand demo" -l dir -d 'Folder to do it in, new or empty; a temporary one if not named' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand demo" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand demo" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand demo" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand demo" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand demo" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand demo" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand demo" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l model -d 'Name of the model' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l label -d 'Column that says who churned; `none` if there is none' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l positive -d 'Value of the label that means churned' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l score -d 'Column with the model\'s score, 0 to 1; `none` if there is none' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l time -d 'Column with the time of a row; `none` if there is none' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l id -d 'Columns that identify a row or a customer, in addition to those that are found' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l github -d 'A workflow for GitHub Actions: .github/workflows/churn-model.yml'
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l kubernetes -d 'Kubernetes manifests: the folder k8s, as `churnctl render-manifests` writes it'
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l dvc -d 'A DVC pipeline: dvc.yaml and params.yaml'
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l cron -d 'A line for cron that runs a check every night: churnctl.cron'
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -s y -l yes -d 'Ask nothing'
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l name -d 'Name of the model' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l label -d 'Column with the label, churned or not' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l positive -d 'Value of the label that means churned' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l id -d 'Columns that identify a row or a customer [default: user_id,request_id,model_version,predicted_class]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l exclude -d 'Columns that are not features' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l include -d 'Columns to learn from although they look like identifiers or dates' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l categorical -d 'Columns that hold categories, even if they look like numbers' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l time -d 'Column with the time of each row: the split is by time' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l group -d 'Column whose rows stay together in one split, such as the customer' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l label-window -d 'How long after its time a row\'s label is known: 30d, 4w, 12h [default: 30d]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l seed -d 'Seed of everything random [default: 42]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l model -d 'Which learner [default: auto]' -r -f -a "auto\t'Both, the better one wins'
logistic\t'L2 logistic regression'
trees\t'Gradient boosted trees'"
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l preset -d 'Settings of a known system: `python` are those of the Python system\'s candidate' -r -f -a "python\t'250 trees of depth 6 at a rate of 0.08'"
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l cost-fn -d 'Cost of a missed churner: the threshold is where the cost on validation is lowest' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l cost-fp -d 'Cost of a false alarm, see --cost-fn; 1 unless given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l capacity -d 'How many rows can be acted upon, of as many as the test split has' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l min-precision -d 'Lowest precision: the threshold finds as many churners as it allows' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l promote -d 'Whether the candidate goes into production [default: if-better]' -r -f -a "if-better\t'If it is better beyond chance'
always\t'Whatever its metrics'
never\t'Only train it'"
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l k-anonymous -d 'Leave texts of fewer than N rows out of the model and its profile' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l artifacts -d 'Folder for models, metrics and the registry [default: artifacts]' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l html -d 'HTML report' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l sign-key -d 'Sign the model with the private key in this PEM file' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l sign-key-command -d 'Sign the model with this command, see `churnctl sign --help`' -r -f -a "(__fish_complete_command)"
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l sign-public-key -d 'PEM file with the public key of --sign-key-command' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l tracking-uri -d 'MLflow tracking server, such as http://mlflow:5000; `none` for no tracking' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l experiment -d 'MLflow experiment that the run goes into; made if there is none [default: churn]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l delimiter -d 'Character between the fields of a CSV line, `tab` for a tab [default: ,]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l null -d 'Text that stands for a missing value, beside the usual ones; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l threads -d 'Threads for reading; as many as there are cores if not set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l rollback -d 'Put the model that was in production before back into production'
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l recalibrate -d 'Fit the calibration of the model in production again, and nothing else of it'
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand train" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l id -d 'Columns that identify a row, kept beside the scores [default: user_id,request_id,model_version,predicted_class]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l model -d 'Model artifact, or a model of MLflow: models:/NAME@ALIAS, models:/NAME/VERSION, runs:/RUN [default: artifacts/models/production_latest.json]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -s o -l output -d 'Where the scores go; - for standard output' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l explain -d 'Add the K largest contributions to each row\'s log-odds' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l top-k -d 'Keep only the N rows with the highest scores, highest first' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l threshold -d 'Score from which a row is classed as churned, 0 to 1, instead of the model\'s own' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l keep -d 'Pass a column of the data through, such as a label or a region; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l tracking-uri -d 'MLflow tracking server, such as http://mlflow:5000; `none` for no tracking' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l delimiter -d 'Character between the fields of a CSV line, `tab` for a tab [default: ,]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l null -d 'Text that stands for a missing value, beside the usual ones; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l threads -d 'Threads for reading; as many as there are cores if not set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand score" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l listen -d 'Host and port of the API [default: 127.0.0.1:8000]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l admin-listen -d 'Host and port of /metrics and /admin/reload, to have them apart' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l token-file -d 'File with the bearer token that requests must have' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l tls-cert -d 'PEM file with the certificate, for TLS on the API\'s port' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l tls-key -d 'PEM file with its key' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l drain-delay -d 'How long to go on after SIGTERM, not ready, until nobody sends requests any more [default: 0s]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l drain-timeout -d 'Longest time from SIGTERM to the end [default: 25s]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l access-log -d 'Which requests are logged on stderr [default: errors]' -r -f -a "errors\t''
all\t''
none\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l otlp-endpoint -d 'URL of a collector that takes spans as OTLP over HTTP' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l model -d 'Model artifact, a folder with one, or a model of MLflow: models:/NAME@ALIAS [default: artifacts/models/production_latest.json]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l require-signature -d 'PEM file with a public key; only a model is loaded that one of the keys has signed' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l threshold -d 'Score from which a customer is classed as churned, 0 to 1, instead of the model\'s own' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l preset -d 'Settings of a known platform: `sagemaker` is port 8080 and the model in /opt/ml/model' -r -f -a "sagemaker\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l tracking-uri -d 'MLflow tracking server, such as http://mlflow:5000; `none` for no tracking' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l poll -d 'How often the model\'s file, or the alias in MLflow, is looked at; none for never [default: 10s]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l unknown-category -d 'What becomes of categories that training never saw [default: other]' -r -f -a "other\t''
reject\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l log-dir -d 'Folder of the prediction log' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l log-files -d 'How the files of the log are written [default: csv]' -r -f -a "csv\t''
ndjson\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l log-durability -d 'When the disk has a prediction: whenever, within a second, or before it is answered [default: interval]' -r -f -a "none\t''
interval\t''
fsync\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l log-upload -d 'Folder of an object store that closed files of the log are uploaded to: s3://BUCKET/FOLDER/' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l log-sample -d 'Share of predictions that are kept, 0 to 1 [default: 1]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l baseline -d 'Baseline: a profile, files, folders, glob patterns, a database, or - for standard input [default: data/features/training_dataset.csv]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l current -d 'Current data: a profile, files, folders, glob patterns, a database, or - for standard input [default: data/features/user_features_daily.csv]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l model -d 'Name of the model, the label `model` of the metrics [default: churn]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l features -d 'Only these columns; label and score stay what they are' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l exclude -d 'Columns that are not features' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l categorical -d 'Columns that hold categories, even if they look like numbers' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l id -d 'Columns that identify a row or a customer [default: user_id,request_id,model_version,predicted_class]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l score -d 'Column with the model\'s score, 0 to 1' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l label -d 'Column with the label, churned or not' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l positive -d 'Value of the label that means churned' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l delimiter -d 'Character between the fields of a CSV line, `tab` for a tab [default: ,]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l null -d 'Text that stands for a missing value, beside the usual ones; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l threads -d 'Threads for reading; as many as there are cores if not set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l time -d 'Column with the time of each row: cuts the current data into windows, each judged by itself' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l window -d 'Length of a window: 6h, 1d, 7d, 1w, 1mo; a day if not given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l time-zone -d 'Zone whose midnights and months count; UTC if not given [default: UTC]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l against -d 'What each window is compared with: baseline, previous, or trailing:N [default: baseline]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l alarm -d 'K of the last N complete windows must FAIL for the run to FAIL: 2/3' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l alarm-budget -d 'Fail when windows show more drift than chance does this often: 1/year, 2/year, 1/month, 1/90d' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l thresholds -d 'From what PSI on a window drifted: fixed, windows or both' -r -f -a "fixed\t''
windows\t''
both\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l every -d 'From the end of a window to that of the next; a window\'s length if not given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l last -d 'Look at the last N complete windows only' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l labels -d 'Labels that came later: files, folders, glob patterns, a database, or - for standard input' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l join -d 'Columns by which predictions and labels know each other, such as user_id,snapshot_date' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l label-window -d 'How long after a prediction its label may come: 30d, 4w, 1mo' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l label-time -d 'Column with the time of a label' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l labels-until -d 'Until when the labels are whole, if that is not the time of the latest one' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l unmatched -d 'What a prediction without a label is once its window has closed: negative, or drop' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l prediction-time -d 'Column with the time of a prediction; that of --time if not given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l join-memory -d 'Memory that the join may take, about; what is more goes to temporary files [default: 256MB]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l joined-by -d 'Who joins: here, or the database that holds labels and predictions [default: here]' -r -f -a "here\t''
database\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l history -d 'Folder in which what was counted is kept: later runs read what is new alone' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l by -d 'Look at segments, each by itself: columns (contract,region) or a condition (\'tenure < 12\')' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l max-segments -d 'How many segments each --by may make; 1000 if not given [default: 1000]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l policy -d 'By what a column that drifts is judged: statistics, consequence or both [default: statistics]' -r -f -a "statistics\t''
consequence\t''
both\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l multivariate -d 'What is looked at beside each column by itself: off, correlation or all [default: off]' -r -f -a "off\t''
correlation\t''
all\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l warn-psi -d 'PSI from which a feature warns [default: 0.1]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l fail-psi -d 'PSI from which a feature fails [default: 0.25]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l warn-distance -d 'Distance in standard deviations from which a feature warns [default: 0.05]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l fail-distance -d 'Distance in standard deviations from which a feature fails [default: 0.5]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l warn-share-ratio -d 'How many times as frequent, or as rare, a single value must have become to warn [default: 1.5]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l fail-share-ratio -d 'How many times as frequent, or as rare, a single value must have become to fail [default: 4]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l warn-new-share -d 'Share of current values where the baseline has none, from which a feature warns [default: 0.01]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l fail-new-share -d 'Share of current values where the baseline has none, from which a feature fails [default: 0.1]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l min-rows -d 'Rows below which a side is too small to tell [default: 100]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l fail-on -d 'Verdict that ends with exit code 2 [default: fail]' -r -f -a "fail\t'FAIL'
warn\t'WARN and FAIL'
never\t'None: drift is for reports only, errors end as ever'"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l class-threshold -d 'Score from which a row is classed as churned, 0 to 1 [default: 0.5]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l cost-fn -d 'Cost of a missed churner: performance and its estimates also say what a row costs' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l cost-fp -d 'Cost of a false alarm, see --cost-fn; 1 if not given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l reference -d 'What other tools call the baseline' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -s o -l output -d 'Report whose name says its form: .html, .md, .json, .xml (JUnit); may be repeated' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l top -d 'Show only the N worst features in the table or plain text' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l only -d 'Show only features with this verdict in the table or plain text' -r -f -a "drifted\t'WARN and FAIL'"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l report -d 'JSON report; `none` writes none [default: artifacts/metrics/data_drift_latest.json]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l html -d 'HTML report: one file, no script' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l markdown -d 'Markdown report' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l junit -d 'JUnit report: one test case a feature' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l verdict-file -d 'The verdict alone, a word without a line end, for a pipeline\'s condition' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l annotations -d 'GitHub annotations: the ten worst things behind the verdict' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l metrics-file -d 'Metrics in Prometheus\' text format, for the node exporter or a push' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l tracking-uri -d 'MLflow tracking server, such as http://mlflow:5000; `none` for no tracking' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l experiment -d 'MLflow experiment that the run goes into; made if there is none [default: churn]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l push-gateway -d 'Pushgateway to push the metrics to' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l watch -d 'Repeat the check this often, until SIGTERM' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l listen -d 'Show metrics and the last report at this address meanwhile' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l explain-sql -d 'Print the SQL that would count a current side in a database, and do nothing else'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -a "verify" -d 'Make a drift report again from its inputs, and compare to the byte; exit code 2 if it differs'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -a "history" -d 'Show what a history holds: the verdict, and a heat map of features by windows'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -a "mutate" -d 'Spoil rows on purpose, and tell which failures the present settings would miss'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -a "why" -d 'Why did the model become worse, and what is the cheapest cure?'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and not __fish_seen_subcommand_from verify history mutate why help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from verify" -l baseline -d 'Where the baseline is, if not where the report says' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from verify" -l current -d 'Where the current data are, if not where the report says' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from verify" -l labels -d 'Where the labels are, if not where the report says' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from verify" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from verify" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from verify" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from verify" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from verify" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -l feature -d 'Show these features only' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -l last -d 'Show the windows that end in this time before the last row, or so many windows' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -l html -d 'Page over time: one file, no script' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -a "compact" -d 'Join the files of a history, and drop what is too old'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -a "annotate" -d 'Note on the time line what happened: a deployment, a campaign, a new price list'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from history" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l baseline -d 'Baseline, as `drift` takes it [default: data/features/training_dataset.csv]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l rows -d 'Rows of a window; 1,000, or as many as there are' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l within -d 'How many windows a failure lasts: what is not seen in them is missed' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l trials -d 'Trials of each kind and size, shared among the columns that it can be done to' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l sizes -d 'Shares of rows that are affected; of a slow creep, standard deviations at its end' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l min-detected -d 'Share of trials that must be seen, 0 to 1; exit code 2 below' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l seed -d 'Seed of everything random' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l features -d 'Only these columns; label and score stay what they are' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l exclude -d 'Columns that are not features' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l categorical -d 'Columns that hold categories, even if they look like numbers' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l id -d 'Columns that identify a row or a customer [default: user_id,request_id,model_version,predicted_class]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l score -d 'Column with the model\'s score, 0 to 1' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l label -d 'Column with the label, churned or not' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l positive -d 'Value of the label that means churned' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l delimiter -d 'Character between the fields of a CSV line, `tab` for a tab [default: ,]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l null -d 'Text that stands for a missing value, beside the usual ones; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l threads -d 'Threads for reading; as many as there are cores if not set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l time -d 'Column with the time of each row: cuts the current data into windows, each judged by itself' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l window -d 'Length of a window: 6h, 1d, 7d, 1w, 1mo; a day if not given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l time-zone -d 'Zone whose midnights and months count; UTC if not given [default: UTC]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l against -d 'What each window is compared with: baseline, previous, or trailing:N [default: baseline]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l alarm -d 'K of the last N complete windows must FAIL for the run to FAIL: 2/3' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l alarm-budget -d 'Fail when windows show more drift than chance does this often: 1/year, 2/year, 1/month, 1/90d' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l thresholds -d 'From what PSI on a window drifted: fixed, windows or both' -r -f -a "fixed\t''
windows\t''
both\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l by -d 'Look at segments, each by itself: columns (contract,region) or a condition (\'tenure < 12\')' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l max-segments -d 'How many segments each --by may make; 1000 if not given [default: 1000]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l policy -d 'By what a column that drifts is judged: statistics, consequence or both [default: statistics]' -r -f -a "statistics\t''
consequence\t''
both\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l multivariate -d 'What is looked at beside each column by itself: off, correlation or all [default: off]' -r -f -a "off\t''
correlation\t''
all\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l warn-psi -d 'PSI from which a feature warns [default: 0.1]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l fail-psi -d 'PSI from which a feature fails [default: 0.25]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l warn-distance -d 'Distance in standard deviations from which a feature warns [default: 0.05]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l fail-distance -d 'Distance in standard deviations from which a feature fails [default: 0.5]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l warn-share-ratio -d 'How many times as frequent, or as rare, a single value must have become to warn [default: 1.5]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l fail-share-ratio -d 'How many times as frequent, or as rare, a single value must have become to fail [default: 4]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l warn-new-share -d 'Share of current values where the baseline has none, from which a feature warns [default: 0.01]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l fail-new-share -d 'Share of current values where the baseline has none, from which a feature fails [default: 0.1]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l min-rows -d 'Rows below which a side is too small to tell [default: 100]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l fail-on -d 'Verdict that ends with exit code 2 [default: fail]' -r -f -a "fail\t'FAIL'
warn\t'WARN and FAIL'
never\t'None: drift is for reports only, errors end as ever'"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from mutate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l baseline -d 'The model; or labelled rows or a profile, the model being the one in production [default: data/features/training_dataset.csv]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l current -d 'Labelled rows on which it became worse [default: data/features/user_features_daily.csv]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l reference -d 'Labelled rows to compare with; those that the model was trained from, without those it has learned from' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l label -d 'Column with the label; the model\'s own if not given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l positive -d 'Value of the label that means churned; the model\'s own if not given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l cost-fn -d 'Cost of a missed churner, by which a threshold is moved; 1 if not given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l cost-fp -d 'Cost of a false alarm, see --cost-fn' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l artifacts -d 'Folder with the model in production [default: artifacts]' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l delimiter -d 'Character between the fields of a CSV line, `tab` for a tab [default: ,]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l null -d 'Text that stands for a missing value, beside the usual ones; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l threads -d 'Threads for reading; as many as there are cores if not set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Make a drift report again from its inputs, and compare to the byte; exit code 2 if it differs'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from help" -f -a "history" -d 'Show what a history holds: the verdict, and a heat map of features by windows'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from help" -f -a "mutate" -d 'Spoil rows on purpose, and tell which failures the present settings would miss'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from help" -f -a "why" -d 'Why did the model become worse, and what is the cheapest cure?'
complete -c churnctl -n "__fish_churnctl_using_subcommand drift; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -s o -l output -d 'Where the profile goes, - for standard output' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l shard -d 'Read one of N equal parts, counted from 0: 0/8 to 7/8' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l k-anonymous -d 'Count texts of fewer than N rows together as `(rare)`, without their texts' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l by -d 'Look at segments, each by itself: columns (contract,region) or a condition (\'tenure < 12\')' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l max-segments -d 'How many segments each --by may make; 1000 if not given [default: 1000]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l features -d 'Only these columns; label and score stay what they are' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l exclude -d 'Columns that are not features' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l categorical -d 'Columns that hold categories, even if they look like numbers' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l id -d 'Columns that identify a row or a customer [default: user_id,request_id,model_version,predicted_class]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l score -d 'Column with the model\'s score, 0 to 1' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l label -d 'Column with the label, churned or not' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l positive -d 'Value of the label that means churned' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l delimiter -d 'Character between the fields of a CSV line, `tab` for a tab [default: ,]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l null -d 'Text that stands for a missing value, beside the usual ones; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l threads -d 'Threads for reading; as many as there are cores if not set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l explain-sql -d 'Print the SQL that would count a table in a database, and do nothing else'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -a "merge" -d 'Merge profiles of the parts into the profile of the whole'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and not __fish_seen_subcommand_from merge help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and __fish_seen_subcommand_from merge" -s o -l output -d 'Where the merged profile goes, - for standard output' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and __fish_seen_subcommand_from merge" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and __fish_seen_subcommand_from merge" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and __fish_seen_subcommand_from merge" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and __fish_seen_subcommand_from merge" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and __fish_seen_subcommand_from merge" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and __fish_seen_subcommand_from merge" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and __fish_seen_subcommand_from merge" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and __fish_seen_subcommand_from merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "merge" -d 'Merge profiles of the parts into the profile of the whole'
complete -c churnctl -n "__fish_churnctl_using_subcommand profile; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -l key -d 'PEM file with the private key: PKCS#8, Ed25519 or ECDSA P-256, as OpenSSL writes it' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -l key-command -d 'Command that signs, where the key is not a file: the client of a key service' -r -f -a "(__fish_complete_command)"
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -l public-key -d 'PEM file with the public key of --key-command' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -l deadline -d 'How long --key-command may take [default: 30s]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -s o -l output -d 'Where the signature goes, once for each file [default: FILE.sig]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -l new-key -d 'Make an Ed25519 key instead: FILE, and FILE.pub with the public key' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand sign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand verify" -l key -d 'PEM file with a public key that is trusted; may be given several times' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand verify" -l signature -d 'Where the signature is, once for each file [default: FILE.sig]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand verify" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand verify" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand verify" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand verify" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand verify" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand verify" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand verify" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and not __fish_seen_subcommand_from sync help" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and not __fish_seen_subcommand_from sync help" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and not __fish_seen_subcommand_from sync help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and not __fish_seen_subcommand_from sync help" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and not __fish_seen_subcommand_from sync help" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and not __fish_seen_subcommand_from sync help" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and not __fish_seen_subcommand_from sync help" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and not __fish_seen_subcommand_from sync help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and not __fish_seen_subcommand_from sync help" -f -a "sync" -d 'Send the runs that wait, each once'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and not __fish_seen_subcommand_from sync help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from sync" -l tracking-uri -d 'MLflow tracking server, such as http://mlflow:5000; `none` for no tracking' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from sync" -l drop -d 'Give up the run with this key instead of sending; may be given several times' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from sync" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from sync" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from sync" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from sync" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from sync" -l dry-run -d 'Only list what waits'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from sync" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from sync" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from sync" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from help" -f -a "sync" -d 'Send the runs that wait, each once'
complete -c churnctl -n "__fish_churnctl_using_subcommand mlflow; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -f -a "import" -d 'Import a model of LightGBM, XGBoost, CatBoost or ONNX, once its scores are proved'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -f -a "list" -d 'List the models of the registry and what has become of each'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -f -a "show" -d 'Show what a model is, learned from, and is worth'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -f -a "diff" -d 'Show what two models differ in'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -f -a "export" -d 'Write a model for others, once its scores are proved to be the same'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -f -a "rollback" -d 'Put the model that was in production before back into production'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -f -a "wrap" -d 'Watch a model that lives elsewhere, by the rows and scores that it has had'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and not __fish_seen_subcommand_from import list show diff export rollback wrap help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l schema -d 'Data of the training: their profile becomes the baseline' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l parity -d 'Rows that the framework has scored' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l expect -d 'Its scores of these rows, in their order: one column, or one called `score`' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -s o -l output -d 'Where the artifact goes' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l name -d 'Name of the model' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l class-threshold -d 'Score from which a row is classed as churned [default: 0.5]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l score -d 'Column of --expect with the scores' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l label -d 'Column of --schema with the label, churned or not' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l positive -d 'Value of the label that means churned' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l id -d 'Columns that identify a row or a customer [default: user_id,request_id,model_version,predicted_class]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l exclude -d 'Columns that are not features' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l delimiter -d 'Character between the fields of a CSV line, `tab` for a tab [default: ,]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l null -d 'Text that stands for a missing value, beside the usual ones; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l threads -d 'Threads for reading; as many as there are cores if not set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l tracking-uri -d 'MLflow tracking server, such as http://mlflow:5000; `none` for no tracking' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from list" -l artifacts -d 'Folder with the model in production and the registry [default: artifacts]' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from list" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from list" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from list" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from list" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from show" -l artifacts -d 'Folder with the model in production and the registry [default: artifacts]' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from show" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from show" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from show" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from show" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from diff" -l artifacts -d 'Folder with the model in production and the registry [default: artifacts]' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from diff" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from diff" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from diff" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from diff" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from diff" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from diff" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from diff" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -l format -d 'What to write' -r -f -a "lightgbm\t''
onnx\t''
sql:postgres\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -l parity -d 'Rows to prove it with: those that it is to score, as many as there are' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -l table -d 'Table that the statement selects from; that of --parity, or `customers`' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -s o -l output -d 'Where the model goes' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -l artifacts -d 'Folder with the model in production and the registry [default: artifacts]' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -l delimiter -d 'Character between the fields of a CSV line, `tab` for a tab [default: ,]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -l null -d 'Text that stands for a missing value, beside the usual ones; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -l threads -d 'Threads for reading; as many as there are cores if not set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -l json -d 'Print what was written and proved as JSON'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from rollback" -l artifacts -d 'Folder with the model in production and the registry [default: artifacts]' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from rollback" -l tracking-uri -d 'MLflow tracking server, such as http://mlflow:5000; `none` for no tracking' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from rollback" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from rollback" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from rollback" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from rollback" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from rollback" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from rollback" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from rollback" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l scores -d 'Rows with the features and the scores of the model, and the labels if they are known' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -s o -l output -d 'Where the document goes' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l name -d 'Name of the model' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l class-threshold -d 'Score from which a row is classed as churned [default: 0.5]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l features -d 'Only these columns; label and score stay what they are' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l exclude -d 'Columns that are not features' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l categorical -d 'Columns that hold categories, even if they look like numbers' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l id -d 'Columns that identify a row or a customer [default: user_id,request_id,model_version,predicted_class]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l score -d 'Column with the model\'s score, 0 to 1' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l label -d 'Column with the label, churned or not' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l positive -d 'Value of the label that means churned' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l delimiter -d 'Character between the fields of a CSV line, `tab` for a tab [default: ,]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l null -d 'Text that stands for a missing value, beside the usual ones; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l threads -d 'Threads for reading; as many as there are cores if not set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from wrap" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "import" -d 'Import a model of LightGBM, XGBoost, CatBoost or ONNX, once its scores are proved'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the models of the registry and what has become of each'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show what a model is, learned from, and is worth'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "diff" -d 'Show what two models differ in'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write a model for others, once its scores are proved to be the same'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "rollback" -d 'Put the model that was in production before back into production'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "wrap" -d 'Watch a model that lives elsewhere, by the rows and scores that it has had'
complete -c churnctl -n "__fish_churnctl_using_subcommand model; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l label -d 'Column with the label, churned or not' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l positive -d 'Value of the label that means churned' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l artifacts -d 'Folder with the model in production and the registry [default: artifacts]' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l seed -d 'Seed of the training [default: 42]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l decision-file -d 'File for the decision in a word: promote or keep' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l sign-key -d 'Sign the model with the private key in this PEM file' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l sign-key-command -d 'Sign the model with this command, see `churnctl sign --help`' -r -f -a "(__fish_complete_command)"
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l sign-public-key -d 'PEM file with the public key of --sign-key-command' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l tracking-uri -d 'MLflow tracking server, such as http://mlflow:5000; `none` for no tracking' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l delimiter -d 'Character between the fields of a CSV line, `tab` for a tab [default: ,]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l null -d 'Text that stands for a missing value, beside the usual ones; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l threads -d 'Threads for reading; as many as there are cores if not set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l dry-run -d 'Decide, and change nothing'
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand promote" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and not __fish_seen_subcommand_from status help" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and not __fish_seen_subcommand_from status help" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and not __fish_seen_subcommand_from status help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and not __fish_seen_subcommand_from status help" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and not __fish_seen_subcommand_from status help" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and not __fish_seen_subcommand_from status help" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and not __fish_seen_subcommand_from status help" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and not __fish_seen_subcommand_from status help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and not __fish_seen_subcommand_from status help" -f -a "status" -d 'Say how a pipeline ended, and end alike'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and not __fish_seen_subcommand_from status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and __fish_seen_subcommand_from status" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and __fish_seen_subcommand_from status" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and __fish_seen_subcommand_from status" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and __fish_seen_subcommand_from status" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and __fish_seen_subcommand_from help" -f -a "status" -d 'Say how a pipeline ended, and end alike'
complete -c churnctl -n "__fish_churnctl_using_subcommand kfp; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -s o -l output-dir -d 'Folder to write to; files of ours in it that are no longer rendered are deleted' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l only -d 'Only this object, such as Deployment/churn-api, this kind, or this file; repeatable' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l set -d 'Set any setting for this run; repeatable' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l profile -d 'Size of the deployment: defaults for production, or for a small cluster [default: prod]' -r -f -a "prod\t'Two replicas or more, a volume that many nodes share'
dev\t'One small replica, a volume for one node'"
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l parts -d 'What is rendered [default: api,jobs,hook,pushgateway,monitoring,dashboards,seed-model]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l flavor -d 'For the Prometheus Operator, or as plain configuration files' -r -f -a "operator\t'PrometheusRule, ServiceMonitor, AlertmanagerConfig, beside everything else'
plain\t'prometheus.yml, rules.yml, alertmanager.yml'"
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l alertmanager -d 'Alertmanager\'s configuration as an AlertmanagerConfig object, or as the Secret it reads [default: config]' -r -f -a "config\t'An AlertmanagerConfig object'
secret\t'The Secret that Alertmanager reads as a whole'"
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l check -d 'Write nothing, compare with the files in the folder (default k8s) and show what differs'
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand render-manifests" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -f -a "advise" -d 'Is a training worth it? Go or wait, with the expected gain'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -f -a "now" -d 'Start a retrain Job from a CronJob\'s template'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -f -a "listen" -d 'Start a retrain when an alert asks for it'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -f -a "status" -d 'List the last retrains: who started them, what became of them, what may start next'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and not __fish_seen_subcommand_from advise now listen status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l baseline -d 'The model; or labelled rows or a profile, the model being the one in production [default: data/features/training_dataset.csv]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l current -d 'Labelled rows on which it became worse [default: data/features/user_features_daily.csv]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l reference -d 'Labelled rows to compare with; those that the model was trained from, without those it has learned from' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l label -d 'Column with the label; the model\'s own if not given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l positive -d 'Value of the label that means churned; the model\'s own if not given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l cost-fn -d 'Cost of a missed churner, by which a threshold is moved; 1 if not given' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l cost-fp -d 'Cost of a false alarm, see --cost-fn' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l artifacts -d 'Folder with the model in production [default: artifacts]' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l delimiter -d 'Character between the fields of a CSV line, `tab` for a tab [default: ,]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l null -d 'Text that stands for a missing value, beside the usual ones; may be repeated' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l threads -d 'Threads for reading; as many as there are cores if not set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from advise" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l from -d 'CronJob whose template the Job is made from [default: churn-retrain-weekly]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l reason -d 'Why: stands on the Job, in its environment and in an Event' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l if-drift -d 'Start only if this JSON report of `churnctl drift` says FAIL' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l max-age -d 'How old the report of --if-drift may be' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l cooldown -d 'How long after the start of a retrain no other starts [default: 6h]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l key -d 'What the Job stands for: the same key never starts a second Job' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l dry-run -d 'Show the Job and start nothing' -r -f -a "none\t'Start the Job'
client\t'Make the Job, send it to nobody'
server\t'Let the API server check it'"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l timeout -d 'How long to wait for the end' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -s e -l env -d 'Variable to set' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l arg -d 'Argument of the container; all of them together replace those of the template' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l image -d 'Image of the container' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l container -d 'Container to change, where there are several' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -s n -l namespace -d 'Namespace of the churn system [default: churn-mlops]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l context -d 'Context of the kubeconfig' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l deadline -d 'How long to bear with an API server that gives no good answer [default: 60s] [setting: cluster.deadline]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l force -d 'Start even if a Job is running or the cooldown holds'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -s y -l yes -d 'Do not ask; needed where there is no terminal'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l check-auth -d 'Say which permissions are there and which are missing, and start nothing'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -s w -l wait -d 'Wait until the Job has ended, and end as it did'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -s l -l logs -d 'Follow the logs of all its pods on stderr; waits, too'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from now" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l listen -d 'Host and port to listen on [default: 127.0.0.1:8080] [setting: retrain.listen] [default: 127.0.0.1:8080]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l token-file -d 'File with the token that notifications must bear [setting: retrain.token_file]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l tls-cert -d 'PEM file with our certificate: then the port speaks TLS [setting: retrain.tls_cert]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l tls-key -d 'PEM file with its key [setting: retrain.tls_key]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l client-ca -d 'PEM file with the certificates that have signed those of clients' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l alerts -d 'Alerts that may start a retrain, if they have the label action=retrain [default: ModelDataDrift,ModelConceptDrift]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l max-alert-age -d 'How long ago an alert may have begun [default: 7d]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l cooldown -d 'How long after the start of a retrain no other starts [default: 6h]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l max-per-day -d 'Starts by alert within 24 hours after which no more follow [default: 4]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l from -d 'CronJob whose template the Job is made from [default: churn-retrain-weekly]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -s n -l namespace -d 'Namespace of the churn system [default: churn-mlops]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l context -d 'Context of the kubeconfig' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l deadline -d 'How long to bear with an API server that gives no good answer [default: 60s] [setting: cluster.deadline]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from listen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -l from -d 'CronJob whose Jobs are listed [default: churn-retrain-weekly]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -l cooldown -d 'How long after the start of a retrain no other starts [default: 6h]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -s n -l namespace -d 'Namespace of the churn system [default: churn-mlops]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -l context -d 'Context of the kubeconfig' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -l deadline -d 'How long to bear with an API server that gives no good answer [default: 60s] [setting: cluster.deadline]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from help" -f -a "advise" -d 'Is a training worth it? Go or wait, with the expected gain'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from help" -f -a "now" -d 'Start a retrain Job from a CronJob\'s template'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from help" -f -a "listen" -d 'Start a retrain when an alert asks for it'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from help" -f -a "status" -d 'List the last retrains: who started them, what became of them, what may start next'
complete -c churnctl -n "__fish_churnctl_using_subcommand retrain; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l offline -d 'Files and folders to check in place of a cluster' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l probe -d 'Server to ask whether it answers 200, in place of all checks' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l prometheus-url -d 'Prometheus to ask for targets and rules' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l alertmanager-url -d 'Alertmanager to ask for receivers' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l monitoring-namespace -d 'Namespace that Prometheus and Alertmanager run in [default: monitoring]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -s n -l namespace -d 'Namespace of the churn system [default: churn-mlops]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l context -d 'Context of the kubeconfig' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l deadline -d 'How long to bear with an API server that gives no good answer [default: 60s] [setting: cluster.deadline]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l job -d 'Name of the job, the label `job` of the group' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l group -d 'Further labels of the group' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l method -d 'What becomes of what the group holds' -r -f -a "post\t'Replace metrics of the same names, keep the others'
put\t'Replace the whole group'"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l textfile -d 'Write to this folder of node-exporter\'s textfile collector instead' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l gateway -d 'URL of the Pushgateway, such as http://pushgateway:9091' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l username -d 'User for basic authentication [setting: push.username]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l password-file -d 'File with the password [setting: push.password_file] [env: CHURNCTL_PUSH_PASSWORD holds the password itself]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l token-file -d 'File with a bearer token [setting: push.token_file] [env: CHURNCTL_PUSH_TOKEN holds the token itself]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l ca-file -d 'PEM file with the certificates to trust, in place of the system\'s [setting: push.ca_file]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l client-cert -d 'PEM file with the certificate by which the gateway knows us [setting: push.client_cert]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l client-key -d 'PEM file with the key of that certificate [setting: push.client_key]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l compression -d 'How pushes are packed: none or gzip [default: none] [setting: push.compression]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l timeout -d 'Longest time for one attempt [default: 10s] [setting: push.timeout]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l deadline -d 'Longest time for all attempts and the pauses between them [default: 30s] [setting: push.deadline]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l strip-timestamps -d 'Leave timestamps out, which a gateway refuses'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l force -d 'Send what a gateway takes and should not, too'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l dry-run -d 'Show what would be sent, and send nothing'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l allow-plain-http -d 'Let credentials go to another machine unencrypted [setting: push.plain_http = "allow"]'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -a "run" -d 'Run a command and push when it ran, how long, and how it ended'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -a "list" -d 'List the groups that a Pushgateway holds'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -a "delete" -d 'Delete one group from a Pushgateway'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -a "prune" -d 'Delete the groups that nobody has pushed to for long'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and not __fish_seen_subcommand_from run list delete prune help" -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l job -d 'Name of the job, the label `job` of the group' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l group -d 'Further labels of the group' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l textfile -d 'Write to this folder of node-exporter\'s textfile collector instead' -r -f -a "(__fish_complete_directories)"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l gateway -d 'URL of the Pushgateway, such as http://pushgateway:9091' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l username -d 'User for basic authentication [setting: push.username]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l password-file -d 'File with the password [setting: push.password_file] [env: CHURNCTL_PUSH_PASSWORD holds the password itself]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l token-file -d 'File with a bearer token [setting: push.token_file] [env: CHURNCTL_PUSH_TOKEN holds the token itself]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l ca-file -d 'PEM file with the certificates to trust, in place of the system\'s [setting: push.ca_file]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l client-cert -d 'PEM file with the certificate by which the gateway knows us [setting: push.client_cert]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l client-key -d 'PEM file with the key of that certificate [setting: push.client_key]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l compression -d 'How pushes are packed: none or gzip [default: none] [setting: push.compression]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l timeout -d 'Longest time for one attempt [default: 10s] [setting: push.timeout]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l deadline -d 'Longest time for all attempts and the pauses between them [default: 30s] [setting: push.deadline]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l required -d 'A failed push makes a run fail whose command did not'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l force -d 'Send what a gateway takes and should not, too'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l allow-plain-http -d 'Let credentials go to another machine unencrypted [setting: push.plain_http = "allow"]'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l gateway -d 'URL of the Pushgateway, such as http://pushgateway:9091' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l username -d 'User for basic authentication [setting: push.username]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l password-file -d 'File with the password [setting: push.password_file] [env: CHURNCTL_PUSH_PASSWORD holds the password itself]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l token-file -d 'File with a bearer token [setting: push.token_file] [env: CHURNCTL_PUSH_TOKEN holds the token itself]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l ca-file -d 'PEM file with the certificates to trust, in place of the system\'s [setting: push.ca_file]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l client-cert -d 'PEM file with the certificate by which the gateway knows us [setting: push.client_cert]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l client-key -d 'PEM file with the key of that certificate [setting: push.client_key]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l compression -d 'How pushes are packed: none or gzip [default: none] [setting: push.compression]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l timeout -d 'Longest time for one attempt [default: 10s] [setting: push.timeout]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l deadline -d 'Longest time for all attempts and the pauses between them [default: 30s] [setting: push.deadline]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l allow-plain-http -d 'Let credentials go to another machine unencrypted [setting: push.plain_http = "allow"]'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l job -d 'Name of the job, the label `job` of the group' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l group -d 'Further labels of the group' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l gateway -d 'URL of the Pushgateway, such as http://pushgateway:9091' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l username -d 'User for basic authentication [setting: push.username]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l password-file -d 'File with the password [setting: push.password_file] [env: CHURNCTL_PUSH_PASSWORD holds the password itself]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l token-file -d 'File with a bearer token [setting: push.token_file] [env: CHURNCTL_PUSH_TOKEN holds the token itself]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l ca-file -d 'PEM file with the certificates to trust, in place of the system\'s [setting: push.ca_file]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l client-cert -d 'PEM file with the certificate by which the gateway knows us [setting: push.client_cert]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l client-key -d 'PEM file with the key of that certificate [setting: push.client_key]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l compression -d 'How pushes are packed: none or gzip [default: none] [setting: push.compression]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l timeout -d 'Longest time for one attempt [default: 10s] [setting: push.timeout]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l deadline -d 'Longest time for all attempts and the pauses between them [default: 30s] [setting: push.deadline]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l yes -d 'Ask nobody'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l dry-run -d 'Show what would be deleted, and delete nothing'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l allow-plain-http -d 'Let credentials go to another machine unencrypted [setting: push.plain_http = "allow"]'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l older-than -d 'Since when nobody has pushed to a group, by the gateway\'s clock: 12h, 7d' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l job -d 'Only groups of this job' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l gateway -d 'URL of the Pushgateway, such as http://pushgateway:9091' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l username -d 'User for basic authentication [setting: push.username]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l password-file -d 'File with the password [setting: push.password_file] [env: CHURNCTL_PUSH_PASSWORD holds the password itself]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l token-file -d 'File with a bearer token [setting: push.token_file] [env: CHURNCTL_PUSH_TOKEN holds the token itself]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l ca-file -d 'PEM file with the certificates to trust, in place of the system\'s [setting: push.ca_file]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l client-cert -d 'PEM file with the certificate by which the gateway knows us [setting: push.client_cert]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l client-key -d 'PEM file with the key of that certificate [setting: push.client_key]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l compression -d 'How pushes are packed: none or gzip [default: none] [setting: push.compression]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l timeout -d 'Longest time for one attempt [default: 10s] [setting: push.timeout]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l deadline -d 'Longest time for all attempts and the pauses between them [default: 30s] [setting: push.deadline]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l yes -d 'Ask nobody'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l dry-run -d 'Show what would be deleted, and delete nothing'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l allow-plain-http -d 'Let credentials go to another machine unencrypted [setting: push.plain_http = "allow"]'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from prune" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run a command and push when it ran, how long, and how it ended'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the groups that a Pushgateway holds'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Delete one group from a Pushgateway'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from help" -f -a "prune" -d 'Delete the groups that nobody has pushed to for long'
complete -c churnctl -n "__fish_churnctl_using_subcommand push-metrics; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -f -a "list" -d 'List every rule: severity, how long it waits, metrics, unit cases, place'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -f -a "show" -d 'Show one alert: its rule, unit cases, who is told, and its runbook'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -f -a "lint" -d 'Find what is wrong with rules before they are ever evaluated'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -f -a "test" -d 'Prove that every alert fires when it should, is silent when it should, and reaches whom it should'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -f -a "history" -d 'Show how often each alert would have fired, when, for how long, and with which labels'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and not __fish_seen_subcommand_from list show lint test history help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from list" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from list" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from list" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from list" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from show" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from show" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from show" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from show" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l explain -d 'Explain a check and check nothing; `all` lists the checks' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l disable -d 'Switch checks off' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l scrape-interval -d 'Time between two scrapes [assumed: 30s] [setting: proof.scrape_interval]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l retention -d 'How long Prometheus keeps samples [assumed: 15d] [setting: proof.retention]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l prometheus -d 'Prometheus to ask for types of metrics, scrape interval and retention' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l format -d 'How to print the findings' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''
github\t''
junit\t''
sarif\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l junit -d 'JUnit report: one test case a rule' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l markdown -d 'Markdown report' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l sarif -d 'SARIF report' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l strict -d 'End with exit code 2 on warnings, too'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l fix -d 'Fix what can be fixed without a choice, and show the difference'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l dry-run -d 'With --fix: show the difference and write nothing'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from lint" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l min-coverage -d 'Least coverage, in percent [default: 0]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l min-mutation -d 'Least share of alterations that some case notices, in percent [default: 0]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l generate -d 'Write cases for what none shows yet, and test nothing; - for standard output' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l promtool -d 'promtool to run' -r -f -a "(__fish_complete_command)"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l amtool -d 'amtool to run' -r -f -a "(__fish_complete_command)"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l prometheus -d 'URL of Prometheus' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l alertmanager -d 'URL of Alertmanager' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l gateway -d 'URL of the Pushgateway, for --via-prometheus' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l token-file -d 'File with a bearer token for Prometheus and Alertmanager' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l ca-file -d 'PEM file with the certificates to trust, in place of the system\'s' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l deadline -d 'Longest time that a server may stay away' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l only -d 'Prove these alerts only' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l rule -d 'Rule that --via-prometheus sets off [default: the first on model_drift_score]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l catch -d 'Listen here for webhooks, and prove that they arrive; -v shows them' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''
github\t''
junit\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l junit -d 'JUnit report' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l markdown -d 'Markdown report' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l no-mutation -d 'Alter no rules'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l no-amtool -d 'Judge routes without amtool'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l live -d 'Prove on running servers, in place of promtool'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l via-prometheus -d 'Prove the whole loop: push a false drift score, wait for the real rule, see the alert arrive'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l allow-retrain -d 'Let the test start a retrain'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l against -d 'Compare with the version before: a file or folder, or `server` for the rules that it has loaded' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l only -d 'Look at these alerts only' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l html -d 'Page with a time line for each alert' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l range -d 'How far to look back' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l end -d 'Until when: a date, an RFC 3339 time, or seconds since 1970 [default: now]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l step -d 'Time between two evaluations [default: the interval of each group]' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l prometheus -d 'URL of Prometheus [setting: proof.prometheus]' -r -f
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l token-file -d 'File with a bearer token [setting: proof.token_file]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l ca-file -d 'PEM file with the certificates to trust, in place of the system\'s [setting: proof.ca_file]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l deadline -d 'Longest time that the server may stay away, and that one query may take' -r
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from help" -f -a "list" -d 'List every rule: severity, how long it waits, metrics, unit cases, place'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one alert: its rule, unit cases, who is told, and its runbook'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from help" -f -a "lint" -d 'Find what is wrong with rules before they are ever evaluated'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from help" -f -a "test" -d 'Prove that every alert fires when it should, is silent when it should, and reaches whom it should'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from help" -f -a "history" -d 'Show how often each alert would have fired, when, for how long, and with which labels'
complete -c churnctl -n "__fish_churnctl_using_subcommand alerts; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and not __fish_seen_subcommand_from list help" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and not __fish_seen_subcommand_from list help" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and not __fish_seen_subcommand_from list help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and not __fish_seen_subcommand_from list help" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and not __fish_seen_subcommand_from list help" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and not __fish_seen_subcommand_from list help" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and not __fish_seen_subcommand_from list help" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and not __fish_seen_subcommand_from list help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and not __fish_seen_subcommand_from list help" -f -a "list" -d 'List every metric: name, type, labels, help'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and not __fish_seen_subcommand_from list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and __fish_seen_subcommand_from list" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and __fish_seen_subcommand_from list" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and __fish_seen_subcommand_from list" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and __fish_seen_subcommand_from list" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and __fish_seen_subcommand_from help" -f -a "list" -d 'List every metric: name, type, labels, help'
complete -c churnctl -n "__fish_churnctl_using_subcommand metrics; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -f -a "show" -d 'Print every setting, its value, and where the value comes from'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -f -a "get" -d 'Print the value of one setting and nothing else'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -f -a "schema" -d 'Print the JSON Schema of churnctl.toml'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and not __fish_seen_subcommand_from show get schema help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from show" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from get" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from get" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from get" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from get" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from get" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from schema" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from schema" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from schema" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from schema" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from schema" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from schema" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from schema" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print every setting, its value, and where the value comes from'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "get" -d 'Print the value of one setting and nothing else'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "schema" -d 'Print the JSON Schema of churnctl.toml'
complete -c churnctl -n "__fish_churnctl_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand completions" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand completions" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand completions" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand completions" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand completions" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand completions" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand completions" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand man" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand man" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand man" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand man" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand man" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand man" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand man" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand version" -l config -d 'Settings file [env: CHURNCTL_CONFIG] [default: churnctl.toml if it exists]' -r -F
complete -c churnctl -n "__fish_churnctl_using_subcommand version" -l format -d 'How to print the result' -r -f -a "auto\t''
table\t''
plain\t''
json\t''
yaml\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand version" -l color -d 'When to colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand version" -l log-format -d 'How messages on stderr look' -r -f -a "text\t''
json\t''"
complete -c churnctl -n "__fish_churnctl_using_subcommand version" -l json -d 'What other tools call `--format json`'
complete -c churnctl -n "__fish_churnctl_using_subcommand version" -s v -l verbose -d 'Say more on stderr'
complete -c churnctl -n "__fish_churnctl_using_subcommand version" -s q -l quiet -d 'Say nothing but errors, beside the result on stdout'
complete -c churnctl -n "__fish_churnctl_using_subcommand version" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "demo" -d 'Show what churnctl does, on real customers, in ten seconds'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "init" -d 'Look at your data, and write settings and a baseline profile'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "train" -d 'Train a model, and promote it if it is better than the one in production'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "score" -d 'Score a table with a model'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "serve" -d 'Serve predictions over HTTP'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "drift" -d 'Compare current data with a baseline; exit code 2 if it drifted'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "profile" -d 'Sum up a data set in a profile that later checks compare with'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "sign" -d 'Sign models, profiles and reports'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "verify" -d 'Verify that models, profiles and reports are signed by a key that you trust; exit code 2 if not'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "mlflow" -d 'Runs that MLflow\'s tracking server does not have yet'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "model" -d 'Models of other frameworks, and the registry at a glance'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "promote" -d 'Compare a trained model with the one in production, and promote it if it is better'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "kfp" -d 'Steps of the pipeline that `render-manifests --only kfp` writes'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "render-manifests" -d 'Render the deployment: every Kubernetes object, alert rule and dashboard'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "retrain" -d 'Retrain on Kubernetes, by hand or by alert, exactly once; or ask first whether it is worth it'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "doctor" -d 'Check the wiring between the churn system and its monitoring'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "push-metrics" -d 'Push metrics of a short job to a Pushgateway; run a job and push how it went'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "alerts" -d 'List, check, prove and look back at alerting rules'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "metrics" -d 'The metrics of this program'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "config" -d 'Look at the settings'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "completions" -d 'Print the completions of a shell'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "man" -d 'Print the man page of a command'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "version" -d 'Print version, commit and platform'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and not __fish_seen_subcommand_from demo init train score serve drift profile sign verify mlflow model promote kfp render-manifests retrain doctor push-metrics alerts metrics config completions man version help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from drift" -f -a "verify" -d 'Make a drift report again from its inputs, and compare to the byte; exit code 2 if it differs'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from drift" -f -a "history" -d 'Show what a history holds: the verdict, and a heat map of features by windows'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from drift" -f -a "mutate" -d 'Spoil rows on purpose, and tell which failures the present settings would miss'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from drift" -f -a "why" -d 'Why did the model become worse, and what is the cheapest cure?'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from profile" -f -a "merge" -d 'Merge profiles of the parts into the profile of the whole'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from mlflow" -f -a "sync" -d 'Send the runs that wait, each once'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "import" -d 'Import a model of LightGBM, XGBoost, CatBoost or ONNX, once its scores are proved'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "list" -d 'List the models of the registry and what has become of each'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "show" -d 'Show what a model is, learned from, and is worth'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "diff" -d 'Show what two models differ in'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "export" -d 'Write a model for others, once its scores are proved to be the same'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "rollback" -d 'Put the model that was in production before back into production'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from model" -f -a "wrap" -d 'Watch a model that lives elsewhere, by the rows and scores that it has had'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from kfp" -f -a "status" -d 'Say how a pipeline ended, and end alike'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from retrain" -f -a "advise" -d 'Is a training worth it? Go or wait, with the expected gain'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from retrain" -f -a "now" -d 'Start a retrain Job from a CronJob\'s template'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from retrain" -f -a "listen" -d 'Start a retrain when an alert asks for it'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from retrain" -f -a "status" -d 'List the last retrains: who started them, what became of them, what may start next'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from push-metrics" -f -a "run" -d 'Run a command and push when it ran, how long, and how it ended'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from push-metrics" -f -a "list" -d 'List the groups that a Pushgateway holds'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from push-metrics" -f -a "delete" -d 'Delete one group from a Pushgateway'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from push-metrics" -f -a "prune" -d 'Delete the groups that nobody has pushed to for long'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from alerts" -f -a "list" -d 'List every rule: severity, how long it waits, metrics, unit cases, place'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from alerts" -f -a "show" -d 'Show one alert: its rule, unit cases, who is told, and its runbook'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from alerts" -f -a "lint" -d 'Find what is wrong with rules before they are ever evaluated'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from alerts" -f -a "test" -d 'Prove that every alert fires when it should, is silent when it should, and reaches whom it should'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from alerts" -f -a "history" -d 'Show how often each alert would have fired, when, for how long, and with which labels'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from metrics" -f -a "list" -d 'List every metric: name, type, labels, help'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print every setting, its value, and where the value comes from'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "get" -d 'Print the value of one setting and nothing else'
complete -c churnctl -n "__fish_churnctl_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "schema" -d 'Print the JSON Schema of churnctl.toml'
