-- Spreads a hub's tables over a Citus cluster by organization. See distribution.md beside this file.
--
--   psql --single-transaction --set ON_ERROR_STOP=1 --file distribute.sql "postgres://USER@COORDINATOR/DATABASE"
--
-- with every hub stopped, as the role that owns the tables, after CREATE EXTENSION citus and after a hub has made its
-- schema. It may be run again at any time: what is spread already is left as it is, so run it after each upgrade.

-- Steps of one transaction follow each other; tables with foreign keys ask for that.
SET citus.multi_shard_modify_mode = 'sequential';

-- Whole at every place: small, hardly written, of no organization. The list of tenants comes first: others refer to it.
SELECT create_reference_table('organization')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('organization' AS regclass));
SELECT create_reference_table('address')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('address' AS regclass));
SELECT create_reference_table('identity')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('identity' AS regclass));
SELECT create_reference_table('key_check')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('key_check' AS regclass));
SELECT create_reference_table('migration')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('migration' AS regclass));

-- Spread by organization, all alike: the rows of one organization, whatever their table, are at one place, and a step
-- of it is a transaction of that place alone. Who writes holds the organization's row of write_turn: it comes first.
SELECT create_distributed_table('write_turn', 'organization_id', colocate_with => 'none')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('write_turn' AS regclass));
SELECT create_distributed_table('write_mark', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('write_mark' AS regclass));
SELECT create_distributed_table('counter', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('counter' AS regclass));
SELECT create_distributed_table('integration', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('integration' AS regclass));
SELECT create_distributed_table('cursor', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('cursor' AS regclass));
SELECT create_distributed_table('record', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('record' AS regclass));
SELECT create_distributed_table('link', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('link' AS regclass));
SELECT create_distributed_table('rejection', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('rejection' AS regclass));
SELECT create_distributed_table('change', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('change' AS regclass));
SELECT create_distributed_table('receipt', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('receipt' AS regclass));
SELECT create_distributed_table('conflict', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('conflict' AS regclass));
SELECT create_distributed_table('movement', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('movement' AS regclass));
SELECT create_distributed_table('stock_side', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('stock_side' AS regclass));
SELECT create_distributed_table('stock_pending', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('stock_pending' AS regclass));
SELECT create_distributed_table('stock_offer', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('stock_offer' AS regclass));
SELECT create_distributed_table('guard_hold', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('guard_hold' AS regclass));
SELECT create_distributed_table('guard_item', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('guard_item' AS regclass));
SELECT create_distributed_table('verification', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('verification' AS regclass));
SELECT create_distributed_table('run', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('run' AS regclass));
SELECT create_distributed_table('job', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('job' AS regclass));
SELECT create_distributed_table('gate', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('gate' AS regclass));
SELECT create_distributed_table('breaker', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('breaker' AS regclass));
SELECT create_distributed_table('allowance', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('allowance' AS regclass));
SELECT create_distributed_table('turn', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('turn' AS regclass));
SELECT create_distributed_table('schedule', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('schedule' AS regclass));
SELECT create_distributed_table('batch', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('batch' AS regclass));
SELECT create_distributed_table('batch_member', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('batch_member' AS regclass));
SELECT create_distributed_table('pause', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('pause' AS regclass));
SELECT create_distributed_table('duty', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('duty' AS regclass));
SELECT create_distributed_table('delivery', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('delivery' AS regclass));
SELECT create_distributed_table('delivery_body', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('delivery_body' AS regclass));
SELECT create_distributed_table('backup', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('backup' AS regclass));
SELECT create_distributed_table('data_key', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('data_key' AS regclass));
SELECT create_distributed_table('personal_key', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('personal_key' AS regclass));
SELECT create_distributed_table('former_key', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('former_key' AS regclass));
SELECT create_distributed_table('audit', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('audit' AS regclass));
SELECT create_distributed_table('audit_link', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('audit_link' AS regclass));
SELECT create_distributed_table('audit_head', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('audit_head' AS regclass));
SELECT create_distributed_table('alert', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('alert' AS regclass));
SELECT create_distributed_table('vital', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('vital' AS regclass));
SELECT create_distributed_table('connection_test', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('connection_test' AS regclass));
SELECT create_distributed_table('log_wish', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('log_wish' AS regclass));
SELECT create_distributed_table('keyed_request', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('keyed_request' AS regclass));
SELECT create_distributed_table('account', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('account' AS regclass));
SELECT create_distributed_table('access_group', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('access_group' AS regclass));
SELECT create_distributed_table('api_key', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('api_key' AS regclass));
SELECT create_distributed_table('sign_in', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('sign_in' AS regclass));
SELECT create_distributed_table('security_event', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('security_event' AS regclass));
SELECT create_distributed_table('revoked_token', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('revoked_token' AS regclass));
SELECT create_distributed_table('listener', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('listener' AS regclass));
SELECT create_distributed_table('notice', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('notice' AS regclass));
SELECT create_distributed_table('notice_attempt', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('notice_attempt' AS regclass));
SELECT create_distributed_table('oauth_grant', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('oauth_grant' AS regclass));
SELECT create_distributed_table('oauth_request', 'organization_id', colocate_with => 'write_turn')
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST('oauth_request' AS regclass));
