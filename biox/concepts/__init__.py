"""What do many heatmaps have in common? Groups of alike explanations, and who is in them; numpy in, frozen results out.

pooling     heatmaps of any size as one row of features each: pooled, blank, mean_maps
neighbours  who is alike: nearest, graph
spectrum    the pieces of a graph: normalised_laplacian, spectrum
spray       spectral relevance analysis: spray
gap_null    would noise have looked as clustered: gap_null
groups      what each cluster is like: described, exemplars
purity      is a cluster tied to a covariate: purity
flat_map    two coordinates to draw: flat_map
virelay     files that ViRelAy opens: write
"""
