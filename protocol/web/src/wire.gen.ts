export const ORDER_STATUSES = ['pending_review', 'pending', 'accepted', 'in_progress', 'completed', 'reviewed', 'cancelled', 'rejected'] as const
export type OrderStatus = (typeof ORDER_STATUSES)[number]

export const REGIONS = ['NORTH', 'SOUTH', 'EAST', 'WEST', 'MID'] as const
export type Region = (typeof REGIONS)[number]

export const SERVICE_TYPES = ['cleaning_repair', 'it_technology', 'education_training', 'life_health', 'design_consulting', 'other'] as const
export type ServiceType = (typeof SERVICE_TYPES)[number]

export const ROLES = ['customer', 'provider', 'admin'] as const
export type Role = (typeof ROLES)[number]
