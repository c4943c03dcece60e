# The steps of the story, in their order.

publish = a customer publishes a job in NORTH
approve = an admin approves it; the edge shows it
cut = the line between NORTH and the cloud is cut
accept-offline = a tablet accepts at the edge: stored, provisional, with a receipt
collide = another provider accepts the same job through the cloud
heal = the line comes back
outcomes = both hear the decision: one has the job, the other is told why not
record = the record names both, and edge and cloud agree again
