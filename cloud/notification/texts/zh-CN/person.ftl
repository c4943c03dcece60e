# What an inbox line about the person says.

user-readmitted =
    .title = 账号已恢复
    .content = 管理员已恢复您的账号。

profile-verified =
    .title = 您的资料已核验
    .content = 管理员已核验您的资料，您现在可以接单。

profile-verification-rejected =
    .title = 未通过核验
    .content = 您未通过管理员的核验，或核验已被撤销。

profile-more-asked =
    .title = 核验需要补充材料
    .content = 管理员请您补充材料。请在个人资料页补充后重新提交。

profile-verification-submitted-admin =
    .title = 有服务商等待核验
    .content = 有服务商提交了证书，等待管理员核验。

user-address-change-asked =
    .title = 有人申请更换邮箱
    .content = 您的账号将更换邮箱，待新邮箱收到的确认码通过验证后生效。如果不是您本人操作，请立即修改密码，申请即失效。

user-password-changed =
    .title = 您的密码已更改
    .content = 其他设备均已退出登录。如果不是您本人操作，请向运营方索取代码以设置新密码。

user-new-device-seen =
    .title = 您的账号在新设备上登录
    .content = 有人从您的账号未曾用过的设备或网络登录。如果不是您本人操作，请在账号页面结束其他所有登录，并修改密码。

user-new-device-seen-admin =
    .title = 一位管理员的账号在新设备上登录
    .content = 有人从该账号未曾用过的设备或网络登录。如果不是同事本人操作，请立即检查各管理员账号。

user-second-factor-removed-admin =
    .title = 有人的第二重验证被移除
    .content = 一位管理员移除了同事的第二重验证。如果没有同事丢失验证设备，请立即检查各管理员账号。

user-deletion-asked =
    .title = 您的账号将被注销
    .content = 您可以在账号页面查看注销日期并撤销。如果不是您本人操作，请立即在那里撤销，并修改密码。

user-deletion-undone =
    .title = 您的账号已保留
    .content = 账号注销已撤销。
