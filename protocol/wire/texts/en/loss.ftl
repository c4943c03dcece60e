# Why an acceptance came to nothing. The promise that did not hold stands in codes.ftl.

lost-first-in-cloud = Another provider has the order: that acceptance was the first to reach the cloud. The time of the tap does not decide.
lost-first-in-log = Another provider has the order: that acceptance stood first in the log of the node that assigns the region's orders.
lost-promised = Another provider has the order: the node that assigns the region's orders had promised it.
lost-to-another = Another provider has the order.

# Stands between two sentences.
sentence-gap = { " " }
