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

user-address-change-asked =
    .title = 有人申请更换邮箱
    .content = 您的账号将更换邮箱，待新邮箱收到的确认码通过验证后生效。如果不是您本人操作，请立即修改密码，申请即失效。
