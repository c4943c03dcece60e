# 资料中的某一项有什么问题。

phone-needs = 请填写 5 到 15 位数字的电话号码，例如 +86 138 0013 8000。
url-needs = 请填写以 https:// 开头、不超过 500 个字符的网址。
too-many = 最多可填 { $most } 项。
listed-twice = 有一项重复了。
hours-overlap = 每天最多填写 { $most } 个时段，且不能重叠。
born-out-of-range = 请填写 1900 年至今天之间的日期。
rate-too-low = 费率必须大于零。
too-many-years = 最多可填 { $most } 年。
field-of-customers = 只有客户才有此项。
field-of-providers = 只有服务商才有此项。
needed-to-verify = 提交核验前须先填写此项。
document-unknown = 请先上传此文件，或重新上传。
no-longer-valid = 此证书已过有效期。
name-of-staff = 此名称可能被误认为平台工作人员，请填写您自己的姓名或店名。
