# What an inbox line about the person says.

user-readmitted =
    .title = 账户已恢复
    .content = 管理员已恢复您的账户。

profile-verified =
    .title = 认证已通过
    .content = 管理员已认证您的资料，您现在可以接单。

profile-verification-rejected =
    .title = 认证未通过
    .content = 管理员驳回或撤销了您的认证。

profile-verification-submitted-admin =
    .title = 有服务商等待认证
    .content = 有服务商提交了认证材料，等待管理员审核。
