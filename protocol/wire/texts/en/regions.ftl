# The names of the regions, as the pages write them (protocol/web/src/locales).

region-north = North
region-south = South
region-east = East
region-west = West
region-mid = Mid
