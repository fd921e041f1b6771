# Completion of lstmcli for fish. Made by `python -m lstmcli.cli.shell`; do not edit.

function __lstmcli_settings
    set -l word (commandline -ct | string replace -r '^--set=' '')
    set -l key (string split -m 1 = -- $word)[1]
    if not string match -q '*=*' -- $word
        printf '%s=\n' data.train data.validation data.test data.format data.encoding data.text data.label data.labels data.label_separator data.soft_labels data.group data.validation_fraction data.unlabelled data.empty_texts data.unknown_labels data.conflicting_labels data.malformed_rows tokenizer.lowercase tokenizer.contractions tokenizer.elongations tokenizer.hashtags tokenizer.users tokenizer.links tokenizer.capitals tokenizer.max_tokens tokenizer.cut vocabulary.min_frequency vocabulary.max_words embedding.size embedding.vectors embedding.max_vectors embedding.frozen embedding.pretrained_rate embedding.updates model.cell model.hidden_size model.layers model.bidirectional model.chunk_tokens model.pooling model.pretrained ngrams.enabled ngrams.min_characters ngrams.max_characters ngrams.bucket_bits dropout.words dropout.features dropout.layers dropout.output training.epochs training.batch_size training.learning_rate training.adversarial training.weight_decay training.warmup training.gradient_clip training.average_decay training.class_weights training.metric training.patience training.ensemble training.seed training.device training.threads training.engine training.bptt_steps training.checkpoint_minutes pretraining.own_texts pretraining.texts pretraining.validation_fraction pretraining.epochs pretraining.batch_tokens pretraining.learning_rate pretraining.dropout pretraining.candidates pretraining.bptt_steps decision.thresholds evaluation.baselines evaluation.bootstrap_samples evaluation.confidence output.run_dir
        return
    end
    switch $key
        case data.format
            printf '%s\n' $key={auto,csv,tsv,csv-semicolon,tsv-raw,jsonl,text,parquet}
        case data.unlabelled
            printf '%s\n' $key={drop,keep,error}
        case data.empty_texts
            printf '%s\n' $key={drop,keep,error}
        case data.unknown_labels
            printf '%s\n' $key={drop,error}
        case data.conflicting_labels
            printf '%s\n' $key={keep,drop,error}
        case data.malformed_rows
            printf '%s\n' $key={drop,error}
        case tokenizer.lowercase
            printf '%s\n' $key={true,false}
        case tokenizer.contractions
            printf '%s\n' $key={split,keep}
        case tokenizer.elongations
            printf '%s\n' $key={shorten,mark,keep}
        case tokenizer.hashtags
            printf '%s\n' $key={split,keep}
        case tokenizer.users
            printf '%s\n' $key={mask,keep}
        case tokenizer.links
            printf '%s\n' $key={mask,keep}
        case tokenizer.capitals
            printf '%s\n' $key={mark,ignore}
        case tokenizer.cut
            printf '%s\n' $key={head,tail,both}
        case embedding.frozen
            printf '%s\n' $key={true,false}
        case embedding.updates
            printf '%s\n' $key={rows,dense}
        case model.cell
            printf '%s\n' $key={rnn,lstm,peephole}
        case model.bidirectional
            printf '%s\n' $key={true,false}
        case model.pooling
            printf '%s\n' $key={last,mean,max,attention}
        case ngrams.enabled
            printf '%s\n' $key={true,false}
        case training.class_weights
            printf '%s\n' $key={none,balanced,sqrt}
        case training.metric
            printf '%s\n' $key={accuracy,macro_f1,micro_f1,jaccard,mean_accuracy,log_loss}
        case training.device
            printf '%s\n' $key={auto,cpu,cuda}
        case training.engine
            printf '%s\n' $key={auto,kernels,torch,reference}
        case pretraining.own_texts
            printf '%s\n' $key={true,false}
        case decision.thresholds
            printf '%s\n' $key={auto,f1,half}
        case evaluation.baselines
            printf '%s\n' $key={true,false}
        case '*'
            printf '%s\n' $key=(__fish_complete_path (string replace -r '^[^=]*=' '' -- $word))
    end
end

complete -c lstmcli -f
complete -c lstmcli -n __fish_use_subcommand -a train -d 'Train a classifier from labelled rows and write a run directory.'
complete -c lstmcli -n __fish_use_subcommand -a pretrain -d 'Learn to predict the next word of texts without labels, for a training to start from.'
complete -c lstmcli -n __fish_use_subcommand -a evaluate -d 'Score a model on labelled rows, with intervals, next to its baselines.'
complete -c lstmcli -n __fish_use_subcommand -a cross-validate -d 'Score a recipe on all rows of a corpus that is too small to spare a test file.'
complete -c lstmcli -n __fish_use_subcommand -a predict -d 'Label texts: the rows of a file or a pipe, in order, with prediction and score added.'
complete -c lstmcli -n __fish_use_subcommand -a config -d 'Print every setting with its value and what it means, as a config file.'
complete -c lstmcli -n __fish_use_subcommand -a help -d 'Explain a command.'
complete -c lstmcli -n '__fish_seen_subcommand_from help' -a 'train pretrain evaluate cross-validate predict config'
complete -c lstmcli -n __fish_use_subcommand -l version -d 'Print the version and exit.'
complete -c lstmcli -n __fish_use_subcommand -l show-completion -x -a 'bash zsh fish' -d 'Print the completion script for a shell and exit.'
complete -c lstmcli -n __fish_use_subcommand -s h -l help -d 'Show this message and exit.'
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -F
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -l text -x -d 'Column of the text (data.text; default: text).'
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -l label -x -d 'Column of the label (data.label; default: label).'
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -s f -l format -x -a 'auto csv tsv csv-semicolon tsv-raw jsonl text parquet' -d 'Format of the input (data.format); auto, the default, goes by the file\'s extension.'
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -l encoding -x -d 'Encoding of the input (data.encoding; default: utf-8).'
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -s c -l config -r -F -d 'YAML file; every key has a default.'
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -s s -l set -x -a '(__lstmcli_settings)' -d 'Override a key of the config, such as training.epochs=5; may be repeated.'
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -s o -l run-dir -x -a '(__fish_complete_directories)' -d 'Where to write (default: runs/ and the name of the config or FILE).'
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -l resume -d 'Continue an interrupted training, bit for bit.'
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -l overwrite -d 'Replace the run that is there already.'
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -s q -l quiet -d 'Print no notes and no progress on standard error, only errors.'
complete -c lstmcli -n '__fish_seen_subcommand_from train; and not __fish_seen_subcommand_from help' -s h -l help -d 'Show this message and exit.'
complete -c lstmcli -n '__fish_seen_subcommand_from pretrain; and not __fish_seen_subcommand_from help' -F
complete -c lstmcli -n '__fish_seen_subcommand_from pretrain; and not __fish_seen_subcommand_from help' -l text -x -d 'Column of the text (data.text; default: text).'
complete -c lstmcli -n '__fish_seen_subcommand_from pretrain; and not __fish_seen_subcommand_from help' -s f -l format -x -a 'auto csv tsv csv-semicolon tsv-raw jsonl text parquet' -d 'Format of the input (data.format); auto, the default, goes by the file\'s extension.'
complete -c lstmcli -n '__fish_seen_subcommand_from pretrain; and not __fish_seen_subcommand_from help' -l encoding -x -d 'Encoding of the input (data.encoding; default: utf-8).'
complete -c lstmcli -n '__fish_seen_subcommand_from pretrain; and not __fish_seen_subcommand_from help' -s c -l config -r -F -d 'YAML file; every key has a default.'
complete -c lstmcli -n '__fish_seen_subcommand_from pretrain; and not __fish_seen_subcommand_from help' -s s -l set -x -a '(__lstmcli_settings)' -d 'Override a key of the config, such as training.epochs=5; may be repeated.'
complete -c lstmcli -n '__fish_seen_subcommand_from pretrain; and not __fish_seen_subcommand_from help' -s o -l run-dir -x -a '(__fish_complete_directories)' -d 'Where to write (default: runs/ and the name of the config or FILE, followed by -pretrained).'
complete -c lstmcli -n '__fish_seen_subcommand_from pretrain; and not __fish_seen_subcommand_from help' -l resume -d 'Continue an interrupted pretraining.'
complete -c lstmcli -n '__fish_seen_subcommand_from pretrain; and not __fish_seen_subcommand_from help' -l overwrite -d 'Replace the run that is there already.'
complete -c lstmcli -n '__fish_seen_subcommand_from pretrain; and not __fish_seen_subcommand_from help' -s q -l quiet -d 'Print no notes and no progress on standard error, only errors.'
complete -c lstmcli -n '__fish_seen_subcommand_from pretrain; and not __fish_seen_subcommand_from help' -s h -l help -d 'Show this message and exit.'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -F
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -s f -l format -x -a 'auto csv tsv csv-semicolon tsv-raw jsonl text parquet' -d 'Format of the input; auto, the default, goes by the file\'s extension.'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -l encoding -x -d 'Encoding of the input (default: utf-8).'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -l text -x -d 'Column of the text (default: as in training).'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -l label -x -d 'Column of the label (default: as in training).'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -s o -l output -x -a '(__fish_complete_directories)' -d 'Also write metrics.json, report.md and report.html here.'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -l json -d 'Print JSON instead of tables.'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -l baselines -l no-baselines -d 'Compare with the majority class and TF-IDF.'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -s q -l quiet -d 'Print no notes and no progress on standard error, only errors.'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -l folds -x -d 'Train and score N models instead, as lstmcli cross-validate does (see there); takes a FILE, but no RUN.'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -s c -l config -r -F -d 'YAML file; every key has a default.'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -s s -l set -x -a '(__lstmcli_settings)' -d 'Override a key of the config, such as training.epochs=5; may be repeated.'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -l resume -d 'Continue an interrupted cross-validation.'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -l overwrite -d 'Replace the run that is there already.'
complete -c lstmcli -n '__fish_seen_subcommand_from evaluate; and not __fish_seen_subcommand_from help' -s h -l help -d 'Show this message and exit.'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -F
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -l folds -x -d 'Parts to split the rows into, from 2 to 100.'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -l text -x -d 'Column of the text (data.text; default: text).'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -l label -x -d 'Column of the label (data.label; default: label).'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -s f -l format -x -a 'auto csv tsv csv-semicolon tsv-raw jsonl text parquet' -d 'Format of the input (data.format); auto, the default, goes by the file\'s extension.'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -l encoding -x -d 'Encoding of the input (data.encoding; default: utf-8).'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -s c -l config -r -F -d 'YAML file; every key has a default.'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -s s -l set -x -a '(__lstmcli_settings)' -d 'Override a key of the config, such as training.epochs=5; may be repeated.'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -s o -l run-dir -x -a '(__fish_complete_directories)' -d 'Where to write (default: runs/ and the name of the config or FILE, followed by -folds).'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -l json -d 'Print JSON instead of tables.'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -l baselines -l no-baselines -d 'Compare with the majority class and TF-IDF.'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -l resume -d 'Continue an interrupted cross-validation.'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -l overwrite -d 'Replace the run that is there already.'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -s q -l quiet -d 'Print no notes and no progress on standard error, only errors.'
complete -c lstmcli -n '__fish_seen_subcommand_from cross-validate; and not __fish_seen_subcommand_from help' -s h -l help -d 'Show this message and exit.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -F
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -s f -l format -x -a 'auto csv tsv csv-semicolon tsv-raw jsonl text parquet' -d 'Format of the input; auto goes by the file\'s extension.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -l encoding -x -d 'Encoding of the input.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -l text -x -d 'Column of the text (default: as in training).'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -l on-error -x -a 'flag skip stop' -d 'What to do with a row that can\'t be read: flag keeps it, without a prediction (exit code 3); skip leaves it out; stop ends with an error.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -s p -l probabilities -d 'Add a column probability_<label> for each label.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -s k -l top-k -x -d 'Add columns label_1, score_1, ... of the N most probable labels.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -l threshold -x -d 'Pick only labels of at least this probability, 0 to 1 or a percentage; a text may get none. With --top-k, list only those: the cells of the others are empty.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -s o -l output -r -F -d 'Where to write (default, or -: standard output); .gz compresses.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -s F -l output-format -x -a 'auto csv tsv csv-semicolon tsv-raw jsonl text parquet' -d 'Format of the output; auto goes by the extension of --output, else it is that of the input.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -l columns -x -d 'Columns of the input to keep, in this order (default: all).'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -l resume -d 'Continue the --output of the same command after an interruption.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -l progress -d 'Report on standard error how many rows are done.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -s q -l quiet -d 'Print no notes and no progress on standard error, only errors.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -s j -l jobs -x -d 'Number of worker processes; useful above about 10,000 rows.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -l batch-size -x -d 'Number of rows computed together.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -l line-buffered -d 'Answer each row before reading the next, even where more rows are waiting; whenever a pipe pauses, all rows are answered anyway.'
complete -c lstmcli -n '__fish_seen_subcommand_from predict; and not __fish_seen_subcommand_from help' -s h -l help -d 'Show this message and exit.'
complete -c lstmcli -n '__fish_seen_subcommand_from config; and not __fish_seen_subcommand_from help' -f -a 'data.train data.validation data.test data.format data.encoding data.text data.label data.labels data.label_separator data.soft_labels data.group data.validation_fraction data.unlabelled data.empty_texts data.unknown_labels data.conflicting_labels data.malformed_rows tokenizer.lowercase tokenizer.contractions tokenizer.elongations tokenizer.hashtags tokenizer.users tokenizer.links tokenizer.capitals tokenizer.max_tokens tokenizer.cut vocabulary.min_frequency vocabulary.max_words embedding.size embedding.vectors embedding.max_vectors embedding.frozen embedding.pretrained_rate embedding.updates model.cell model.hidden_size model.layers model.bidirectional model.chunk_tokens model.pooling model.pretrained ngrams.enabled ngrams.min_characters ngrams.max_characters ngrams.bucket_bits dropout.words dropout.features dropout.layers dropout.output training.epochs training.batch_size training.learning_rate training.adversarial training.weight_decay training.warmup training.gradient_clip training.average_decay training.class_weights training.metric training.patience training.ensemble training.seed training.device training.threads training.engine training.bptt_steps training.checkpoint_minutes pretraining.own_texts pretraining.texts pretraining.validation_fraction pretraining.epochs pretraining.batch_tokens pretraining.learning_rate pretraining.dropout pretraining.candidates pretraining.bptt_steps decision.thresholds evaluation.baselines evaluation.bootstrap_samples evaluation.confidence output.run_dir'
complete -c lstmcli -n '__fish_seen_subcommand_from config; and not __fish_seen_subcommand_from help' -s c -l config -r -F -d 'YAML file; every key has a default.'
complete -c lstmcli -n '__fish_seen_subcommand_from config; and not __fish_seen_subcommand_from help' -s s -l set -x -a '(__lstmcli_settings)' -d 'Override a key of the config, such as training.epochs=5; may be repeated.'
complete -c lstmcli -n '__fish_seen_subcommand_from config; and not __fish_seen_subcommand_from help' -l keys -d 'Print the names of all keys, one per line.'
complete -c lstmcli -n '__fish_seen_subcommand_from config; and not __fish_seen_subcommand_from help' -s h -l help -d 'Show this message and exit.'
