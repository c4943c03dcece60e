# What a regional node says about signing in.

sign-in-needs-cloud = 登录需要连接云端，本节点目前连不上。
