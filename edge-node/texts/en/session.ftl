# What a regional node says about signing in.

sign-in-needs-cloud = Signing in needs the cloud, which this node does not reach now.
