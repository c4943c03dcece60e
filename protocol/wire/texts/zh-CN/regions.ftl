# The names of the regions, as the pages write them (protocol/web/src/locales).

region-north = 北区
region-south = 南区
region-east = 东区
region-west = 西区
region-mid = 中区
