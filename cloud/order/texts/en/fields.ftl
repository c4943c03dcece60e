# What is wrong with a field of a request.

code-no-code = A code such as N-7F3K9Q.
status-out-of-reach = No action of yours leads to this status.

## Who assigns a region

epoch-passed = This edge is in another epoch by now.
epoch-missing = Name the edge's epoch as its status shows it.
holder-unknown = No edge of this name is enrolled in this region.
holder-missing = Name the edge of this epoch.
policy-without-holder = Only a region of the policy `exclusive` has a holder.
