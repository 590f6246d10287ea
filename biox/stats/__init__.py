"""Statistics for curves, agreement and people: numpy arrays in, frozen results out; nothing of any domain, no files.

units         one row a person: subject_means, condition_means
spm           tests along a curve by random field theory: two_sample_t, welch_t, anova, paired_t, rm_anova
permutation   the same tests by shuffling labels, over one curve or all channels together
multiple      per_channel, holm
effect        hedges_g, paired_g, with bands
agreement     relevance against a statistic curve: rank_correlation, auroc
localisation  relevance inside a known true region: localise
metrics       accuracy, balanced_accuracy, auroc, brier, calibration_error, calibration_table, confusion, subject_vote
bootstrap     resample, interval
raters        cohen_kappa, fleiss_kappa, marked_regions
confounders   association, association_of_groups, association_within
"""
